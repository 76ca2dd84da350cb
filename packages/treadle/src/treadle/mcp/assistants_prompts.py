"""Ready-made requests for assistants, which a person picks from a menu. They read nothing and do nothing themselves:
what they lead to are the tools, with their own rights and their own questions."""

# No "from __future__ import annotations": the library reads the prompts' annotations.

from typing import Annotated, Any

from mcp.server import MCPServer
from pydantic import Field

PostId = Annotated[str, Field(description="Id of the post (pst_...).")]


def offer(server: MCPServer[Any]) -> None:
    """Add the prompts to a server."""

    @server.prompt(title="Write and publish a post", description="Check a text, mend what is wrong, then publish it.")
    def write_a_post(
        text: Annotated[str, Field(description="The text, or what it is to be about.")],
        account: Annotated[str, Field(description="User name or id of the account; empty if there is one.")] = "",
    ) -> str:
        whose = f" of the account {account}" if account else ""
        return (
            f"Prepare a Threads post{whose} from the text below. Call 'check' first. If it finds an error, propose a "
            "text that keeps the rule, and show me what you changed. When nothing is wrong, call 'publish' with the "
            "text exactly as I saw it: I am asked there. Then tell me the state that 'explain' gives, in its words.\n\n"
            f"{text}"
        )

    @server.prompt(title="Why is it not published?", description="The cause of a post's state, and the next step.")
    def why_not_published(post: PostId) -> str:
        return (
            f"Call 'explain' for {post}. Tell me its state, the cause, who has to act, the next step, and whether a "
            "retry can work, in the words of the answer. Do not retry, edit or cancel it before I ask for that."
        )

    @server.prompt(title="What needs me?", description="What waits for a person, most urgent first.")
    def what_waits() -> str:
        return (
            "Call 'what_needs_me'. List what waits for me, the causes that hold back most posts first: for each the "
            "next step, and how many posts go out once it is done. Change nothing."
        )

    @server.prompt(title="Read an error", description="What an error answer of Meta means, and what to do.")
    def read_an_error(answer: Annotated[str, Field(description="The answer as it came.")]) -> str:
        return (
            "Call 'diagnose_answer' with the text below, unchanged. Tell me the cause, who has to act, the next step "
            "and whether a retry can work. If it says 'verify_first', say first that the post may be live already.\n\n"
            f"{answer}"
        )
