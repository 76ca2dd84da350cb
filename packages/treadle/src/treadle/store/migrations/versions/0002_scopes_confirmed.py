"""Whether Threads said which permissions a token has, or they were only asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("scopes_confirmed", sa.Boolean(), nullable=False, server_default=sa.true()))
