"""The life of an ignore: assessed, added with its issue and pull request, and pruned when it is over."""
