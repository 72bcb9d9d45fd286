"""Figures that nobody closes: pyplot keeps each until it is told to."""

import warnings

import matplotlib

matplotlib.use("Agg")
warnings.simplefilter("ignore")  # pyplot itself warns of more than 20

from matplotlib import pyplot as plt

# What piles up, and a part of its path.
TYPES = {"Figure", "FigureManagerBase", "FigureCanvasAgg"}
PATH = "figs"


def draw():
    plt.figure().add_subplot().plot([1, 2, 3])


def warm():
    draw()
    plt.close("all")


def grow():
    for _ in range(40):
        draw()
