"""Secrets at rest: the key file, rotation, and what happens when a key is missing."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests.support.folders import DATA, settings_in
from treadle.notify import alerts
from treadle.store import Database
from treadle.store.tables import accounts, workspaces
from treadle.vault import KEY_FILE, Vault, VaultError, open_vault, rotate, unreadable


def add_account(db: Database, vault: Vault, account_id: str, token: str) -> None:
    with db.begin() as conn:
        conn.execute(
            sa.insert(accounts).values(
                id=account_id, workspace_id="wsp_one", threads_user_id=account_id, created_at=0.0, updated_at=0.0,
                token_enc=vault.seal(token),
            )
        )  # fmt: skip


def token_of(db: Database, vault: Vault, account_id: str) -> str:
    with db.read() as conn:
        return vault.open(conn.execute(sa.select(accounts.c.token_enc).where(accounts.c.id == account_id)).scalar_one())


def test_the_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        vault = open_vault(settings_in(tmp_path / "new" / "folder"))
    finally:
        os.umask(old)
    assert vault.path == tmp_path / "new" / "folder" / DATA / KEY_FILE
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    assert [p.name for p in vault.path.parent.iterdir()] == [KEY_FILE]


def test_rights_that_were_opened_are_closed_again(tmp_path: Path) -> None:
    vault = open_vault(settings_in(tmp_path))
    assert vault.path is not None
    vault.path.chmod(0o644)
    open_vault(settings_in(tmp_path))
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600


def test_two_starting_at_once_use_one_key(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: open_vault(settings), range(8)))
    sealed = vaults[0].seal("secret")
    assert {vault.open(sealed) for vault in vaults} == {"secret"}


def test_ciphertext_does_not_hold_the_text_and_repr_no_key(tmp_path: Path) -> None:
    vault = open_vault(settings_in(tmp_path))
    sealed = vault.seal("THtoken")
    assert b"THtoken" not in sealed
    assert sealed != vault.seal("THtoken")
    assert vault.path is not None
    assert vault.path.read_text().strip() not in repr(vault)


def test_rotating_seals_everything_anew_and_a_running_server_follows(db: Database, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    vault, server = open_vault(settings), open_vault(settings)
    add_account(db, vault, "acc_1", "token one")
    with db.begin() as conn:
        assert alerts.set_urls(conn, vault, "wsp_one", ["discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"]) is None
    for _ in range(3):
        with db.begin() as conn:
            done = rotate(conn, vault)
        assert (done.resealed, done.unreadable) == (2, ())
        assert token_of(db, server, "acc_1") == "token one"
    assert vault.key_count == 2
    newest = Vault(vault.path.read_text().split()[:1]) if vault.path else vault
    assert token_of(db, newest, "acc_1") == "token one"
    with db.read() as conn:
        assert unreadable(conn, newest) == []
        options = conn.execute(sa.select(workspaces.c.options).where(workspaces.c.id == "wsp_one")).scalar_one()
    assert alerts.opened(newest, options["alert_urls_enc"]) == ["discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"]


def test_what_a_server_sealed_during_a_rotation_stays_readable(db: Database, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    vault = open_vault(settings)
    before = vault.seal("sealed just before")
    with db.begin() as conn:
        rotate(conn, vault)
    assert vault.open(before) == "sealed just before"


def test_a_missing_key_is_said_and_nothing_is_forgotten(db: Database, tmp_path: Path) -> None:
    lost = Vault([Fernet.generate_key().decode()])
    vault = open_vault(settings_in(tmp_path))
    add_account(db, lost, "acc_1", "token")
    with pytest.raises(VaultError, match="reconnect the account"):
        token_of(db, vault, "acc_1")
    for _ in range(3):
        with db.begin() as conn:
            done = rotate(conn, vault)
            assert done.unreadable == ("accounts.token_enc",)
            assert done.dropped == 0
            assert unreadable(conn, vault) == ["accounts.token_enc"]
    assert vault.key_count == 4


def test_keys_from_the_environment(tmp_path: Path) -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = open_vault(settings_in(tmp_path, secret_keys=first)).seal("x")
    both = open_vault(settings_in(tmp_path, secret_keys=f"{second}, {first}"))
    assert both.open(sealed) == "x"
    assert both.path is None
    with pytest.raises(VaultError, match="TREADLE_SECRET_KEYS"):
        both.add_key()
    assert not (tmp_path / DATA / KEY_FILE).exists()


@pytest.mark.parametrize("content", ["", "not-a-key", "\xff"])
def test_a_broken_key_file_is_said_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / DATA).mkdir()
    (tmp_path / DATA / KEY_FILE).write_text(content)
    with pytest.raises(VaultError):
        open_vault(settings_in(tmp_path))
