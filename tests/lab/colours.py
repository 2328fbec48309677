"""Colours as a monitor makes them and as people see them: contrast, three deficiencies, and what can be told apart."""

import functools

import numpy as np

# Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# IEEE Transactions on Visualization and Computer Graphics 15, at severity 1.0; for linear RGB.
SEEN = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# IEC 61966-2-1 (sRGB): linear RGB to XYZ, of which the white has Y = 1.
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(rgb):
    """(..., 3) sRGB in 0..255 -> linear light in 0..1."""
    c = np.asarray(rgb, dtype=float) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def seen(rgb, deficiency):
    """(..., 3) sRGB in 0..255 -> the linear light of what stands for it; what no monitor can show is clipped."""
    return np.clip(linear(rgb) @ SEEN[deficiency].T, 0.0, 1.0)


def lab(light):
    """(..., 3) linear light -> CIELAB (CIE 15:2004) for the white of sRGB."""
    ratio = light @ XYZ.T / XYZ.sum(1)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def contrast(one, other, deficiency="none"):
    """WCAG 2.2, of two sRGB colours: (lighter + 0.05) / (darker + 0.05)."""
    dark, light = sorted(seen(colour, deficiency) @ XYZ[1] for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


# Stone, Szafir and Setlur (2014), "An Engineering Model for Color Difference as a Function of Size", Color and Imaging
# Conference 22: a share p of people tell two marks of s degrees apart from p (A + B / s) on along an axis of CIELAB.
# p = 1 and the smallest s they tried, 1/3 degree: 3.5 mm from 60 cm, or 13 pixels, as large as the page's marks are.
EVERYONE, DEGREES = 1.0, 1 / 3
NOTICED = EVERYONE * (np.array([10.16, 10.68, 10.70]) + np.array([1.50, 3.08, 5.74]) / DEGREES)


@functools.cache
def _as_noticed(rgb, deficiency):
    return lab(seen(rgb, deficiency)) / NOTICED


def apart(one, other, deficiency):
    """How far two sRGB colours are apart to such eyes: from 1 on everyone tells them, says the model (an ellipsoid)."""
    return float(np.linalg.norm(_as_noticed(one, deficiency) - _as_noticed(other, deficiency)))
