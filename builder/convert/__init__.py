"""Models of other frameworks → TensorFlow.js graph models."""
