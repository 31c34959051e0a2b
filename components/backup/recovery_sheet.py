"""The sheet that brings data back without this project: pgBackRest, PostgreSQL, passphrases.

It is printed and kept where neither the machine nor the cluster can take it along.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from components.backup import pgbackrest, restic
from components.cluster.archive import FILES
from components.settings.archive import ArchiveSettings, OffsiteSettings

TEMPLATE = Path(__file__).with_name("recovery_sheet.md").read_text()
HEAD, REPOSITORY, SETS = re.split(r"<!-- .* -->\n", TEMPLATE)
WAITING = """\
for file in "$STORE"/archive/stream/0* "$STORE"/archive/queue-local/0*; do
  [ ! -e "$file" ] || cp -n "$file" "data/pg_wal/$(basename "$file" .partial)"
done
"""
"""What had not been pushed yet. Before the server starts: it takes the rest from the repository."""


def recovery_sheet(
    archive: ArchiveSettings, offsite: OffsiteSettings, passphrases: Mapping[str, str]
) -> str:
    """The whole sheet, in Markdown. It has the passphrases in the clear."""
    texts = [HEAD.format(usual=_usual(offsite))]
    if offsite.kind:
        texts.append(_offsite(offsite, passphrases["offsite"]))
    texts.append(_local(archive, passphrases["local"]))
    if offsite.sets:
        texts.append(_sets(offsite, passphrases["offsite"]))
    return "".join(texts)


def _usual(offsite: OffsiteSettings) -> str:
    given = offsite.model_dump(
        by_alias=True, mode="json", exclude={"passphrase", "keep"}, exclude_defaults=True
    )
    group = "offsite" if offsite.kind else "archive"
    secret = [
        f"kubectl create namespace NAMESPACE; kubectl create secret generic {offsite.secret}"
        f" --namespace NAMESPACE --from-file=OPTION=FILE  # the credentials, see below"
    ]
    lines = [
        *(secret if offsite.kind else []),
        "pulumi config set --path archive.enabled true",
        *(f"pulumi config set --path offsite.{k} {json.dumps(v)}" for k, v in given.items()),
        f"pulumi config set --path --secret {group}.passphrase  # the one below",
        "make up",
    ]
    return "\n".join(["```", *lines, "```"])


def _offsite(offsite: OffsiteSettings, passphrase: str) -> str:
    kind = pgbackrest.KINDS[offsite.kind]
    wanted = " and ".join(f"`{option}`" for option in (*kind.needed, *kind.optional))
    where = (
        f"Of the kind {offsite.kind}. The credentials are yours: add them to the configuration "
        f"({wanted or 'none'}, as far as you have them). What it names below `{FILES}` is a file "
        "of yours."
    )
    conf = pgbackrest.offsite_conf(offsite)
    return REPOSITORY.format(
        name="offsite",
        where=where,
        conf=conf,
        passphrase=passphrase,
        before="",
        options="",
        waiting="",
    )


def _local(archive: ArchiveSettings, passphrase: str) -> str:
    where = (
        "In the store, as long as that is there: `STORE` is the directory with the sets "
        "(`pulumi stack output backup_path`). The sets in it need pg_restore alone; "
        "encrypted ones have a sheet of their own."
    )
    conf = pgbackrest.local_conf(archive)
    return REPOSITORY.format(
        name="local",
        where=where,
        conf="".join(x for x in conf.splitlines(keepends=True) if not x.startswith("repo1-path=")),
        passphrase=passphrase,
        before="STORE=/backup\n",
        options=' --repo1-path="$STORE/archive/repo"',
        waiting=WAITING,
    )


def _sets(offsite: OffsiteSettings, passphrase: str) -> str:
    ca = ' --cacert "$PWD/ca.crt"' if offsite.own_ca else ""
    return SETS.format(
        repository=restic.repository(offsite),
        password=passphrase,
        region=offsite.region,
        options=f"-o {restic.option(offsite)}{ca}",
    )
