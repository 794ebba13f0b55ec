"""The process and its machine: start-up, signals, devices, and private names of libraries."""
