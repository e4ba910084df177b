"""Figure 3 of Deep Compression: weights, codes, centroids, gradients."""

import numpy as np

WEIGHTS = np.array(
    [
        [2.09, -0.98, 1.48, 0.09],
        [0.05, -0.14, -1.08, 2.12],
        [-0.91, 1.92, 0.00, -1.03],
        [1.87, 0.00, 1.53, 1.49],
    ],
    np.float32,
)
CODES = np.array([[3, 0, 2, 1], [1, 1, 0, 3], [0, 3, 1, 0], [3, 1, 2, 2]])
CENTROIDS = np.array([-1.00, 0.00, 1.50, 2.00], np.float32)
GRADIENTS = np.array(
    [
        [-0.03, -0.01, 0.03, 0.02],
        [-0.01, 0.01, -0.02, 0.12],
        [-0.01, 0.02, 0.04, 0.01],
        [-0.07, -0.02, 0.01, -0.02],
    ],
    np.float32,
)
SUMMED = np.array([-0.03, 0.04, 0.02, 0.04])
TUNED = np.array([-0.97, -0.04, 1.48, 1.96])
