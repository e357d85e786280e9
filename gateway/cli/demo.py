"""`gateway demo`: the example through the whole procedure with real parts, from filing to declaration."""

from __future__ import annotations

import click

from gateway.cli.session import Session, command
from gateway.cli.show import DONE
from gateway.cli.story import AGGREGATION, FILING, Story


@click.command()
@click.option("--keep-running", is_flag=True, help="Leave everything running until Ctrl-C.")
@command
def demo(session: Session, /, *, keep_running: bool) -> int:
    """Play the example, from filing to cleared declaration.

    The ERP files of the example go through the whole procedure, beside the customs office for trials.
    """
    story = Story(session)
    story.prepare()
    story.tell_known()
    if story.is_aggregating():
        # Broken off there, it is finished there: at the filings' time declarations would get other dates.
        with story.both_at(AGGREGATION):
            story.aggregate()
    with story.both_at(FILING):
        story.file_and_pass()
        story.pass_bonded()
        story.modify()
    with story.both_at(AGGREGATION):
        story.aggregate()
        story.tell_result()
        if keep_running:
            story.keep_running()
    return DONE
