import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
from sklearn.linear_model import SGDRegressor

model = SGDRegressor()
model.fit(x, y)
