"""Whether the report speaks of the study that this one reproduces, and whether these records decide about it."""

from stages.data.card import Card
from stages.study.grid import StudySettings

# The published study's checkpoints, by the hub's names of then and of today.
CHECKPOINTS = {
    "distilbert": ("distilbert-base-uncased", "distilbert/distilbert-base-uncased"),
    "roberta": ("roberta-base", "FacebookAI/roberta-base"),
    "deberta": ("microsoft/deberta-v3-base",),
}


def is_discussed(study: StudySettings, card: Card) -> bool:
    """The published study is of film reviews: only beside such data, its own or generated ones, is it a subject."""
    return study.published != "none" and (card.source == "generated" or card.is_imdb)


def is_compared(study: StudySettings, card: Card) -> bool:
    """Whether accuracies are set beside the published ones, and claims given a verdict on the published study."""
    return is_discussed(study, card) and why_not_compared(study, card) is None


def why_not_compared(study: StudySettings, card: Card) -> str | None:
    """What keeps these records from deciding anything about it; None where they are of its data, size and models."""
    if study.small_scale:
        return "a small-scale profile decides nothing about the full-size study"
    if study.is_tuned:
        return "rates that suit each method decide nothing about a study of the same rates for all"
    if not card.is_imdb:
        return "other data than its own decide nothing about the published study"
    if card.sampled_from:
        return "a sample of its data decides nothing about the published study"
    if study.base_source != "hub" or not has_its_checkpoints(study):
        return "other checkpoints than its own decide nothing about the published study"
    return None


def has_its_checkpoints(study: StudySettings) -> bool:
    """Whether each architecture of the published study is of the checkpoint that it was there."""
    shared = [name for name in CHECKPOINTS if name in study.architectures]
    return all(study.architectures[name].hub_id in CHECKPOINTS[name] for name in shared)
