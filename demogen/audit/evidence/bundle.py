"""Evidence: a run's journal, settings, books and verdict in one file, each block hashed and the hashes chained.

`make_bundle` packs a run folder that was audited; `open_bundle` unpacks one and says which blocks are not what they
were. Judges nothing. May import: `record`, `errors`, `ground`, `findings`.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from demogen.audit.ground import Ground
from demogen.errors import RunFolderError, UsageError
from demogen.record.folder import RunFolder

#: What a changed byte makes of an archive: no archive, no such compression, a wrong length, a locked member.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)

BLOCK = 1 << 20
CHAIN = "chain.json"
_VERSION = 1
#: The archive's comment, at its very end: a hash of every byte before it, of which some are no member's.
_SEAL = b"demogen evidence sha256 "
_DIGITS = 64

#: What the invariants need besides journal and opening, as Parquet that any tool reads: ids are texts there.
_TABLES = {
    "plan/run.parquet": "select * from plan.run",
    "plan/ledgers.parquet": "select * from plan.ledgers",
    "plan/accounts.parquet": "select account, uuid_text(account_id) as account_id, alias, asset, ledger, external "
    "from plan.accounts",
    "book/balances.parquet": "select * replace (uuid_text(balance_id) as balance_id, "
    "uuid_text(account_id) as account_id) from book.balances",
    "book/transactions.parquet": "select uuid_text(id) as id, ledger, uuid_text(parent) as parent, status, amount, "
    "asset, mark, created_ns from book.transactions",
    "book/operations.parquet": "select * replace (uuid_text(id) as id, uuid_text(transaction_id) as transaction_id, "
    "uuid_text(account_id) as account_id, uuid_text(balance_id) as balance_id) from book.operations",
}


class Packed(msgspec.Struct, frozen=True):
    """One file of a bundle: its size, and the SHA-256 of each block of `block_bytes`."""

    name: str
    size: int
    blocks: tuple[str, ...]


class Chain(msgspec.Struct, frozen=True):
    """What a bundle promises about itself; `root` is the last link of the chain over all blocks."""

    version: int
    run_id: str
    block_bytes: int
    files: tuple[Packed, ...]
    root: str


class Damage(msgspec.Struct, frozen=True):
    """A place that is not what was bundled; bytes from `start` up to `end`."""

    name: str
    start: int
    end: int
    what: str


def make_bundle(folder: RunFolder, target: Path) -> Chain:
    """Pack an audited run into `target`. Raises UsageError where it was not audited, RunFolderError on a full disk."""
    if not folder.audit.exists() or not folder.book.exists():
        raise UsageError(f"{folder.path} was not audited", hint=f"audit it first: demogen audit {folder.path}")
    draft = target.with_suffix(target.suffix + ".draft")
    try:
        with tempfile.TemporaryDirectory(prefix="demogen-bundle-") as scratch:
            run_id = _export(folder, Path(scratch))
            files = [*_own_files(folder), *_files_below(Path(scratch))]
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
                packed = [_pack(archive, name, path) for name, path in sorted(files)]
                chain = Chain(_VERSION, run_id, BLOCK, tuple(packed), _root(run_id, packed))
                archive.writestr(CHAIN, msgspec.json.format(msgspec.json.encode(chain), indent=1))
                archive.comment = _SEAL + bytes(_DIGITS)
        _seal(draft)
        draft.replace(target)
    except OSError as error:
        raise RunFolderError(f"cannot write {target}: {error.strerror}", hint="free some space") from error
    return chain


def _own_files(folder: RunFolder) -> Iterator[tuple[str, Path]]:
    for path in (folder.settings, folder.opening, folder.measurement, folder.audit, folder.incomplete):
        if path.exists():
            yield path.name, path
    for path in folder.journal_files():
        yield f"journal/{path.name}", path


def _files_below(scratch: Path) -> Iterator[tuple[str, Path]]:
    for name in _TABLES:
        yield name, scratch / name


def _export(folder: RunFolder, scratch: Path) -> str:
    ground = Ground(folder.book, existing=True)
    try:
        for name, query in _TABLES.items():
            (scratch / name).parent.mkdir(exist_ok=True)
            ground.connection.execute(f"copy ({query}) to '{scratch / name}' (format parquet)")
        return str(ground.value("select run_id from plan.run"))
    finally:
        ground.close()


def _pack(archive: zipfile.ZipFile, name: str, path: Path) -> Packed:
    blocks = []
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as sink:
        while block := source.read(BLOCK):
            blocks.append(hashlib.sha256(block).hexdigest())
            sink.write(block)
    return Packed(name, path.stat().st_size, tuple(blocks))


def _root(run_id: str, files: list[Packed] | tuple[Packed, ...]) -> str:
    """Each link is the hash of the one before and of what it adds: nothing can be taken out, put in or moved."""
    link = hashlib.sha256(f"demogen evidence {_VERSION} {run_id}".encode()).digest()
    for file in files:
        link = hashlib.sha256(link + f"{file.name} {file.size}".encode()).digest()
        for block in file.blocks:
            link = hashlib.sha256(link + bytes.fromhex(block)).digest()
    return link.hex()


@contextmanager
def open_bundle(path: Path) -> Iterator[tuple[Path, Chain, list[Damage]]]:
    """Unpack a bundle for as long as the context lasts: where, what it promises, and where it is damaged.

    Raises UsageError where the file is no bundle at all.
    """
    with tempfile.TemporaryDirectory(prefix="demogen-evidence-") as scratch:
        try:
            with zipfile.ZipFile(path) as archive:
                chain = msgspec.json.decode(archive.read(CHAIN), type=Chain)
                damages = [*_damages(archive, chain, Path(scratch)), *_unsealed(path)]
        except (*_UNREADABLE, KeyError, msgspec.DecodeError) as error:
            raise UsageError(
                f"{path} is no evidence bundle: {error}", hint="make one: demogen evidence bundle DIR"
            ) from error
        yield Path(scratch), chain, damages


def _seal(path: Path) -> None:
    with path.open("r+b") as file:
        digits = _hash_before_seal(path).encode()
        file.seek(-_DIGITS, os.SEEK_END)
        file.write(digits)


def _unsealed(path: Path) -> Iterator[Damage]:
    """The members may be whole and the archive around them not: its directory, its end, what stands beside it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(-min(size, len(_SEAL) + _DIGITS), os.SEEK_END)
        end = file.read()
    if end != _SEAL + _hash_before_seal(path).encode():
        yield Damage(path.name, 0, size, "is not the file that was written")


def _hash_before_seal(path: Path) -> str:
    hashed, left = hashlib.sha256(), path.stat().st_size - _DIGITS
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            hashed.update(block)
            left -= len(block)
    return hashed.hexdigest()


def _damages(archive: zipfile.ZipFile, chain: Chain, scratch: Path) -> Iterator[Damage]:
    if chain.version != _VERSION or chain.root != _root(chain.run_id, chain.files):
        yield Damage(CHAIN, 0, 0, "its hashes do not lead to its root")
    present = set(archive.namelist()) - {CHAIN}
    for name in sorted(present - {file.name for file in chain.files}):
        yield Damage(name, 0, 0, "was not bundled")
    for file in chain.files:
        if file.name not in present:
            yield Damage(file.name, 0, file.size, "is missing")
        else:
            yield from _damaged_blocks(archive, file, chain.block_bytes, scratch)


def _damaged_blocks(archive: zipfile.ZipFile, file: Packed, block_bytes: int, scratch: Path) -> Iterator[Damage]:
    target = scratch / file.name
    if not target.resolve().is_relative_to(scratch.resolve()):
        yield Damage(file.name, 0, file.size, "would be unpacked outside")
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    start = 0
    try:
        with archive.open(file.name) as source, target.open("wb") as sink:
            for digest in file.blocks:
                block = source.read(block_bytes)
                sink.write(block)
                if hashlib.sha256(block).hexdigest() != digest:
                    yield Damage(file.name, start, start + len(block), "was changed")
                start += len(block)
            if source.read(1):
                yield Damage(file.name, start, start, "goes on where it should end")
    except _UNREADABLE as error:
        # The archive's own checksum, or its compression, noticed first.
        yield Damage(file.name, start, file.size, f"was changed ({error})")


def flat(path: Path) -> str:
    """A path as a SQL text."""
    return "'" + str(path).replace("'", "''") + "'"
