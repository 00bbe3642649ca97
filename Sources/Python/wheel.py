"""Makes a wheel of the package with Python's standard library alone: of the same files the same wheel, to the last bit.

Usage: wheel.py FOLDER [LIBRARY]    prints its path. With a library it carries that, and is for its machine; without one
it is for every machine, and finds the system's library.
"""

import base64
import hashlib
import pathlib
import platform
import re
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
NAME = "ktask"


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    library = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    settings = (HERE / "pyproject.toml").read_text()
    version, summary, python = (setting(settings, name) for name in ("version", "description", "requires-python"))
    tag = f"py3-none-{platform_of(library) if library else 'any'}"
    notes = f"{NAME}-{version}.dist-info"
    files = {f"{NAME}/{path.name}": path.read_bytes() for path in (HERE / NAME).iterdir() if path.suffix in (".py", ".typed")}
    if library:
        files[f"{NAME}/libktask.so.1"] = library.read_bytes()
    files[f"{notes}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\nSummary: {summary}\nRequires-Python: {python}\n"
    ).encode()
    files[f"{notes}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: ktask\nRoot-Is-Purelib: {'false' if library else 'true'}\nTag: {tag}\n"
    ).encode()
    record = "".join(f"{name},sha256={digest(content)},{len(content)}\n" for name, content in sorted(files.items()))
    files[f"{notes}/RECORD"] = f"{record}{notes}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{NAME}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # of 1980, whatever the clock says
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    print(wheel)


def setting(text: str, name: str) -> str:
    """tomllib came with Python 3.11."""
    found = re.search(rf'^{name} = "(.*)"$', text, re.MULTILINE)
    if not found:
        sys.exit(f"wheel.py: pyproject.toml has no {name}")
    return found[1]


def platform_of(library: pathlib.Path) -> str:
    """The wheel's platform: the machine, and the oldest C library that has all that the library asks of it (PEP 600)."""
    versions = [tuple(map(int, found)) for found in re.findall(rb"GLIBC_(\d+)\.(\d+)", library.read_bytes())]
    if not versions:
        sys.exit(f"wheel.py: {library} does not say which C library it needs")
    return "manylinux_{}_{}_{}".format(*max(versions), platform.machine())


def digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


main()
