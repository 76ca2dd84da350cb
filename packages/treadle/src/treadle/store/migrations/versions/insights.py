"""Figures of published posts."""

import sqlalchemy as sa
from alembic import op

revision = "insights"
down_revision = "queue_and_undo"
branch_labels = None
depends_on = None

ID = sa.String(40)
TIME = sa.Float(53)


def upgrade() -> None:
    op.create_table(
        "insights",
        sa.Column("part_id", ID, sa.ForeignKey("parts.id", name="fk_insights_part_id", ondelete="CASCADE")),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        *(sa.Column(name, sa.BigInteger()) for name in ("views", "likes", "replies", "reposts", "quotes", "shares")),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("part_id", "day", name="pk_insights"),
    )
    op.create_table(
        "insight_reads",
        sa.Column("part_id", ID, sa.ForeignKey("parts.id", name="fk_insight_reads_part_id", ondelete="CASCADE")),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("next_at", TIME),
        sa.Column("read_at", TIME),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("part_id", name="pk_insight_reads"),
    )
    op.create_index("ix_insight_reads_due", "insight_reads", ["next_at"])
    op.create_index("ix_insight_reads_account", "insight_reads", ["account_id", "next_at"])
    op.create_table(
        "insight_accounts",
        sa.Column(
            "account_id", ID, sa.ForeignKey("accounts.id", name="fk_insight_accounts_account_id", ondelete="CASCADE")
        ),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("stopped_at", TIME, nullable=False),
        sa.Column("cause", sa.JSON()),
        sa.PrimaryKeyConstraint("account_id", name="pk_insight_accounts"),
    )
