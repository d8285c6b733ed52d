"""The application of the demo: says which version of its one dependency it carries."""

import importlib.metadata

if __name__ == "__main__":
    print("courier, with paramiko", importlib.metadata.version("paramiko"))
