"""What the architecture `grace` is made of: its model files without TensorFlow, and its evaluator with it."""
