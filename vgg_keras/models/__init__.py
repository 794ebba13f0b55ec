"""The VGG, the user's models, and models from files."""
