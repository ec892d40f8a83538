"""The Dagster definitions, loaded by folder: the folder's path is the asset group. No logic lives here."""
