"""A view: which share of its spikes each selected cluster has fired by when."""

import numpy as np

from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import Empty, View, check
from phygui.views.core.visuals import Batch, strips
from phygui.views.spec import ViewSpec

PHYGUI_API = 1
__version__ = "1.0"
N_POINTS = 400


class Shares:
    """What the view draws: the selected clusters, and one line for each."""

    def __init__(self, cluster_ids, times, shares):
        self.cluster_ids, self.times, self.shares = cluster_ids, times, shares


class CumulativeView(View):
    """A straight line is a steady unit; one with a corner begins late, or is lost."""

    has_legend = True

    @staticmethod
    def load(snapshot, params, cancelled):
        if not snapshot.cluster_ids:
            return Empty("Select a cluster to see when it fires.")
        shank = snapshot.shank
        samples, shares = shank.spike_samples, []
        grid = np.linspace(float(samples[0]), float(samples[-1]), N_POINTS)
        for cluster_id in snapshot.cluster_ids:
            check(cancelled)
            own = np.sort(samples[snapshot.spikes(cluster_id)])
            shares.append(np.searchsorted(own, grid, side="right") / len(own))
        return Shares(snapshot.cluster_ids, grid / shank.sample_rate, np.array(shares))

    def __init__(self, params=None, *, theme="dark"):
        super().__init__(params, theme=theme)
        self.lines = Batch("strips", size=1.5)
        self.visuals = [self.lines]

    def build(self, data):
        x = Axis("time", float(data.times[0]), float(data.times[-1]), "time (s)")
        self.set_cells([Cell(x, Axis("share", 0.0, 100.0, "spikes so far (%)"))])
        color = np.arange(len(data.shares))[:, None]
        self.lines.set_data(strips(data.times, 100 * data.shares, color=color))

    def describe(self, cell, x, y):
        return f"{y:.0f}% of the spikes by {x:.1f} s"


PLUGIN = ViewSpec("cumulative", "Cumulative spikes", "when spikes are fired", CumulativeView)
