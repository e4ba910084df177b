"""One module per way to store tensors. Each has NAME and two functions over numpy arrays:

save(tensors: dict[str, Array], path: Path) -> None
load(path: Path) -> dict[str, Array]       from opening the file to filled arrays
"""
