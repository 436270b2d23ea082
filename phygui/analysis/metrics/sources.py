"""What the metrics are from, as the documentation cites it."""

HILL = (
    "Hill, Mehta and Kleinfeld (2011), Quality metrics to accompany spike sorting of "
    "extracellular signals, Journal of Neuroscience 31(24), 8699-8705."
)
LLOBET = (
    "Llobet, Wyngaard and Barbour (2022), Automatic post-processing and merging of multiple "
    "spike-sorting analyses with Lussac, bioRxiv 2022.02.08.479192."
)
SCHMITZER = (
    "Schmitzer-Torbert, Jackson, Henze, Harris and Redish (2005), Quantitative measures of "
    "cluster quality for use in extracellular recordings, Neuroscience 131(1), 1-11."
)
SIEGLE = (
    "Siegle et al. (2021), Survey of spiking in the mouse visual system reveals functional "
    "hierarchy, Nature 592, 86-92."
)
QUIROGA = (
    "Quian Quiroga, Nadasdy and Ben-Shaul (2004), Unsupervised spike detection and sorting with "
    "wavelets and superparamagnetic clustering, Neural Computation 16(8), 1661-1687."
)
MARDIA = "Mardia and Jupp (2000), Directional Statistics, Wiley, Chichester."
