"""shipseal.yaml: model, files, environment."""
