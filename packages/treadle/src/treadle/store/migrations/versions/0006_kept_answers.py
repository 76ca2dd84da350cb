"""Answers that an Idempotency-Key repeats."""

import sqlalchemy as sa
from alembic import op

revision = "0006_kept_answers"
down_revision = "insights"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("workspace_id", sa.String(40), sa.ForeignKey("workspaces.id"), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body_enc", sa.LargeBinary()),
        sa.Column("created_at", sa.Float(53), nullable=False),
    )
    op.create_index("ix_kept_answers_created_at", "kept_answers", ["created_at"])
