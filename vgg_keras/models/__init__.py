"""The VGG."""
