"""Imports of posts from files."""

import sqlalchemy as sa
from alembic import op

revision = "0005_imports"
down_revision = "0004_people"
branch_labels = None
depends_on = None

ID = sa.String(40)
TIME = sa.Float(53)


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, sa.ForeignKey("workspaces.id", name="fk_imports_workspace_id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    op.create_index("ix_imports_workspace", "imports", ["workspace_id", "created_at"])
    op.add_column("posts", sa.Column("import_id", ID))
    op.add_column("posts", sa.Column("import_key", sa.String(64)))
    op.create_index("ix_posts_import", "posts", ["import_id"])
    op.create_index("ix_posts_import_key", "posts", ["workspace_id", "import_key"])
