"""Prints the same as structures.c, of the Python package's structures."""

import ctypes

from ktask import _library as library

for name in ("Watch", "Options", "Result"):
    structure = getattr(library, f"{name}Structure")
    title = f"ktask_{name.lower()}"
    print(title, ctypes.sizeof(structure))
    for member, *_ in structure._fields_:
        print(f"{title}.{member} {getattr(structure, member).offset}")
for flag in "NICE NO_LEND IGNORE_POWER KEEP PREFLIGHT HUGE NO_HUGE ZERO READ".split():
    print(flag, getattr(library, flag))
print("bounds", len(library.BOUNDS))
