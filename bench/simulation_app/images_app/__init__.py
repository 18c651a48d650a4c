"""A Flower app that knows nothing of Covey: images of 28 x 28, by logistic regression or by a CNN."""
