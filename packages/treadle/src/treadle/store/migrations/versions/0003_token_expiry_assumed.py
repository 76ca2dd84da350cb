"""Whether Threads said when a token ends, or the usual sixty days are assumed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("token_expiry_assumed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
