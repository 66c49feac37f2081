"""Checks a merged dataset against its sources, independently of the program that merged them.

    python tests/peer/check_merge.py DESTINATION SOURCE...

Prints one finding per line and exits with 1 if there is any. The numbers are those of
docs/formats/lerobot-dataset.md (I-1 an invariant, 3.6 a section) and docs/lerobot-weaknesses.md
(W-4).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # so that it also runs as a script

import check_episodes
import check_info
import check_rows
import check_statistics
import check_videos
from dataset_view import DatasetView
from findings import Findings, MergeOptions, Pairing


def check_merge(destination: Path | str, sources: list[Path | str], **options) -> list[str]:
    """Returns everything that is wrong with `destination` as the merge of `sources` in this order.

    Options are those of MergeOptions: the limits of the merge.
    """
    findings = Findings()
    try:
        merged = DatasetView(destination)
        # A source may be merged many times.
        by_root = {Path(source): DatasetView(source) for source in sources}
        views = [by_root[Path(source)] for source in sources]
        pairing = Pairing.make(merged, views)
    except Exception as error:  # whatever cannot be read is a finding, not a crash of the checker
        return [f"I-5: the datasets cannot be read: {type(error).__name__}: {error}"]
    merge_options = MergeOptions(**options)
    for check in (
        check_info.check_layout,
        check_info.check_info,
        check_info.check_tasks,
        check_rows.check_order,
        check_rows.check_rows,
        check_rows.check_schema,
        check_rows.check_packing,
        check_episodes.check_references,
        check_episodes.check_values,
        check_episodes.check_statistics,
        check_videos.check_frames,
        check_videos.check_files,
        check_statistics.check_dataset_statistics,
    ):
        try:
            check(merged, views, pairing, merge_options, findings)
        except Exception as error:
            findings.add(f"{check.__name__}: could not be checked: {type(error).__name__}: {error}")
    return findings.texts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("destination", type=Path)
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--data-files-size-in-mb", type=float, default=100)
    parser.add_argument("--video-files-size-in-mb", type=float, default=200)
    parser.add_argument("--chunk-size", type=int, default=1000)
    parser.add_argument("--no-concatenate-data", dest="concatenate_data", action="store_false")
    parser.add_argument("--no-concatenate-videos", dest="concatenate_videos", action="store_false")
    parser.add_argument("--quantiles", choices=("envelope", "weighted"), default="envelope")
    arguments = vars(parser.parse_args())
    findings = check_merge(arguments.pop("destination"), arguments.pop("sources"), **arguments)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
