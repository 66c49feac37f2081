"""What the parts of the checker share: the list of findings, the options of the merge, and the
pairs of episodes."""

from dataclasses import dataclass, field

from dataset_view import DatasetView

MOST_FINDINGS_OF_ONE_KIND = 5


@dataclass
class Findings:
    texts: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """Adds one finding. After a few with the same head (up to the colon) the others are only
        counted."""
        head = text.split(":")[0]
        self.counts[head] = self.counts.get(head, 0) + 1
        if self.counts[head] <= MOST_FINDINGS_OF_ONE_KIND:
            self.texts.append(text)
        elif self.counts[head] == MOST_FINDINGS_OF_ONE_KIND + 1:
            self.texts.append(f"{head}: and more of this kind")

    def expect(self, holds: bool, text: str) -> bool:
        if not holds:
            self.add(text)
        return holds


@dataclass(frozen=True)
class MergeOptions:
    """The limits of the merge. The defaults are LeRobot's."""

    data_files_size_in_mb: float = 100
    video_files_size_in_mb: float = 200
    chunk_size: int = 1000
    concatenate_data: bool = True
    concatenate_videos: bool = True
    #: How quantiles are aggregated: "envelope" as LeRobot since August 2026 (3.6), "weighted" as
    #: before.
    quantiles: str = "envelope"
    #: `--stats` of the merge. The checker takes it from the record.
    stats: str = "exact"


@dataclass(frozen=True)
class Pair:
    """One episode of one source, and the episode that it should have become."""

    view: DatasetView
    source_number: int
    source: dict
    merged_number: int
    merged: dict | None
    episodes_before: int
    frames_before: int
    #: Global index of the episode's first frame in the destination, from the real rows.
    first_index: int

    @property
    def name(self) -> str:
        return f"episode {self.merged_number} (source {self.source_number}, episode {self.source['episode_index']})"


@dataclass(frozen=True)
class Pairing:
    pairs: list[Pair]

    @staticmethod
    def make(merged: DatasetView, sources: list[DatasetView]) -> "Pairing":
        by_number = {row["episode_index"]: row for row in merged.episodes}
        pairs: list[Pair] = []
        episodes_before = frames_before = 0
        for source_number, view in enumerate(sources):
            first_index = frames_before
            for place, row in enumerate(view.episodes):
                number = episodes_before + place
                pairs.append(
                    Pair(
                        view,
                        source_number,
                        row,
                        number,
                        by_number.get(number),
                        episodes_before,
                        frames_before,
                        first_index,
                    )
                )
                first_index += view.rows_by_episode[row["episode_index"]].table.num_rows
            episodes_before += len(view.episodes)
            frames_before = first_index
        return Pairing(pairs)

    @property
    def matched(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.merged is not None]
