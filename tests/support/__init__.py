"""What tests of several rooms share: outside tools, real data, and the walls around a test run."""
