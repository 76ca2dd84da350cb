"""Roles in workspaces, invitations, comments, and who wrote a post."""

import sqlalchemy as sa
from alembic import op

revision = "0004_people"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.String(40)
TIME = sa.Float(53)


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("user_id", ID, sa.ForeignKey("users.id", name="fk_members_user_id"), nullable=False),
        sa.Column("workspace_id", ID, sa.ForeignKey("workspaces.id", name="fk_members_workspace_id"), nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "workspace_id", name="pk_members"),
    )
    op.create_index("ix_members_workspace", "members", ["workspace_id"])
    # Until now everybody could do everything: the first person of each workspace owns it, the others administer it.
    op.execute(
        "INSERT INTO members (user_id, workspace_id, role, created_at) "
        "SELECT u.id, u.workspace_id, CASE WHEN EXISTS (SELECT 1 FROM users o WHERE o.workspace_id = u.workspace_id "
        "AND o.disabled_at IS NULL AND (o.created_at < u.created_at OR (o.created_at = u.created_at AND o.id < u.id))) "
        "THEN 'admin' ELSE 'owner' END, u.created_at FROM users u"
    )
    op.create_table(
        "login_links",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column(
            "workspace_id", ID, sa.ForeignKey("workspaces.id", name="fk_login_links_workspace_id"), nullable=False
        ),
        sa.Column("role", sa.String(12)),
        sa.Column("user_id", ID),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_login_links"),
        sa.UniqueConstraint("token_hash", name="uq_login_links_token_hash"),
    )
    op.create_index("ix_login_links_workspace", "login_links", ["workspace_id", "created_at"])
    op.create_table(
        "comments",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "post_id", ID, sa.ForeignKey("posts.id", name="fk_comments_post_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_post", "comments", ["post_id", "id"])
    op.add_column("sessions", sa.Column("workspace_id", ID))
    op.add_column("posts", sa.Column("created_by", sa.Text()))
