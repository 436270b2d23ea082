"""Colours: twelve that differ, also for people with a colour-vision deficiency."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.views.core.colors import ALERT, BACKGROUND, GREY, cluster_color, theme

# Machado, Oliveira and Fernandes 2009, severity 1, in linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def to_lab(colors, vision):
    """CIELAB of sRGB colours 0 to 255 as they are seen."""
    c = np.asarray(colors)[:, :3] / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ VISION[vision].T, 0, 1) @ TO_XYZ.T / (0.95047, 1, 1.08883)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


def difference(a, b):
    """CIEDE2000 (Sharma, Wu and Dalal 2005)."""
    l1, a1, b1 = np.moveaxis(np.asarray(a, float), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(b, float), -1, 0)
    c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    g = 0.5 * (1 - np.sqrt(c7 / (c7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1 = np.degrees(np.arctan2(b1, a1)) % 360
    h2 = np.degrees(np.arctan2(b2, a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180
    d_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    lm, cm, hm = (l1 + l2) / 2, (c1 + c2) / 2, h1 + turn / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(hm - 30))
        + 0.24 * np.cos(np.radians(2 * hm))
        + 0.32 * np.cos(np.radians(3 * hm + 6))
        - 0.20 * np.cos(np.radians(4 * hm - 63))
    )
    cm7 = cm**7
    rotation = -np.sin(np.radians(60 * np.exp(-(((hm % 360 - 275) / 25) ** 2)))) * 2
    rotation = rotation * np.sqrt(cm7 / (cm7 + 25.0**7))
    d_light = (l2 - l1) / (1 + 0.015 * (lm - 50) ** 2 / np.sqrt(20 + (lm - 50) ** 2))
    d_chroma = (c2 - c1) / (1 + 0.045 * cm)
    d_hue = d_hue / (1 + 0.015 * cm * t)
    return np.sqrt(d_light**2 + d_chroma**2 + d_hue**2 + rotation * d_chroma * d_hue)


def test_the_measure_itself():
    # Pairs 1 and 19 of the paper's test data.
    found = difference([50, 2.6772, -79.7751], [50, 0, -82.7485])
    assert found == pytest.approx(2.0425, abs=1e-4)
    assert difference([50, 2.5, 0], [58, 24, 15]) == pytest.approx(19.4535, abs=1e-4)


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("vision", VISION)
def test_twelve_clusters_differ(name, vision):
    colors = theme(name).clusters
    assert len(colors) == 12
    lab = to_lab(colors, vision)
    apart = difference(lab[:, None], lab[None]) + 1000 * np.eye(12)
    assert apart.min() > 9.5
    assert apart[:4, :4].min() > 15
    assert apart[:2, :2].min() > 45


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("vision", VISION)
def test_clusters_differ_from_the_background_and_its_spikes(name, vision):
    found = theme(name)
    lab = to_lab(found.clusters, vision)
    for role, least in (("background", 18), ("grey", 9)):
        other = to_lab(found.roles[role][None], vision)
        assert difference(lab, other).min() > least


@pytest.mark.parametrize(("name", "low", "high"), [("dark", 48, 82), ("light", 10, 68)])
def test_no_cluster_outshines_the_others(name, low, high):
    lightness = to_lab(theme(name).clusters, "normal")[:, 0]
    assert lightness.min() > low
    assert lightness.max() < high


def test_palette_is_asked_by_index():
    found = theme("dark")
    palette = found.palette()
    assert palette.shape == (256, 4)
    np.testing.assert_array_equal(palette[16 : 16 + 12], found.clusters)
    np.testing.assert_array_equal(palette[16 + 12], found.clusters[0])
    np.testing.assert_array_equal(palette[16 + GREY], found.roles["grey"])
    np.testing.assert_array_equal(palette[16 + BACKGROUND], found.roles["background"])
    np.testing.assert_array_equal(palette[16 + ALERT], found.roles["alert"])
    assert cluster_color(13) == tuple(int(c) for c in found.clusters[1][:3])
