"""Which keys a number of the report may have: what is none of these is misspelt, whatever the grid."""

import re
from collections.abc import Collection

# A line is the form of keys: a star is the name of an architecture or a configuration, a # an index, (a|b) a or b, and
# the dots at an end are whatever follows, of numbers that are entered and printed by the same line of code.
FORMS = """
    grid.(runs|train_runs|probe_runs|configurations|methods|seeds|failed|failed_more|headline_count)
    grid.seed.#
    failed.#.seed
    rate.(base|base_effective|probe|probe_effective|probe_plain|scale)
    train.(epochs|batch_size|gradient_accumulation|effective_batch|max_length|warmup|weight_decay|early_stopping)
    close
    configuration.*.(exp|rank|alpha|dropout)
    configuration.*.(nominal_learning_rate|nominal_learning_rate_least|nominal_learning_rate_most)
    configuration.*.(learning_rate|learning_rate_least|learning_rate_most)
    configuration.*.option....
    baseline.(majority|majority_f1|bag|bag_f1|ceiling|ceiling_f1|features|above|no_better|cells)
    base.*.(vocab_size|parameters|mlm_loss_first|mlm_loss_last|mlm_loss_unigram)
    base.*.(rating_accuracy|probe_accuracy|probe_accuracy_random)
    data.(train|validation|test|unsupervised).(rows|duplicates_removed|majority_share|words_median|words_p95)
    data.(train|validation|test|unsupervised).sampled_from
    data.test.(one_text|missing_classes)
    data.(classes|ceiling|rows_without_label|test_in_train_after|conflicting_duplicates)
    data.(dropped_rows|dropped_labels|ignored_files|unused_columns)
    tokens.*.(median|truncated)
    example....
    imdb.(train|test|runs|rates|max_length|agreement|bag|bag_difference|bag_here|hours|parameters)
    imdb.*.(accuracy|accuracy_sd|difference|here)
    *.*.(accuracy|accuracy_sd|f1|f1_sd|seconds|memory|trainable|trainable_share|checkpoint|evaluation)
    *.*.(interval_low|interval_high|frontier_peak_memory|frontier_train_seconds|ece|brier)
    *.*.tuning.(factor|rate|validation|first|gain)
    *.*.vs.*.(difference|distance|f1_difference|f1_distance|low|high|p|seconds_ratio|memory_ratio)
    *.(adapters_span|above_bag|under_bag_count|frontier_count)
    *.(constant_count|no_better_count)
    *.tuning.(agreement|first_gap|first_distance|best_gap|best_distance)
    tuning.(rates|runs|texts|close|cells|kept|failed|lowest|highest|compared|lost|gain_least|gain_median|gain_most)
    tuning.factor.#
    seeds.(range_largest|range_median|smallest_p|enough)
    statistics.(confidence|level|resamples|comparisons|distinguishable)
    against_full.(tested|distinguishable)
    pairs.(rank|placement|quantisation|the learning rate|one choice).(tested|distinguishable)
    errors.(share|weakest_f1)
    cost.(memory|seconds|share|checkpoint|evaluation)_(least|most)
    cost.(least_scatter|tolerance|stretch|disturbed_runs)
    (best_adapter|probe_adapter|adapters_span)_(least|most)
    fit.(last_epoch_runs|f1_gap)
    calibration.(least|most)
    audit.(new_but_frozen|new_but_frozen_runs|trainable_but_dead|trainable_but_dead_runs)
    machine.(hours|train_hours|threads|energy|runs_at_once)
    machine.(processor|platform|device).#
    version....
    commit.#
    commit.count
    published.(cells_checked|contradictions|unverifiable|missing|left_out|parameters_checked|parameters_agree)
    claims.(count|hold|fail|depends|undecided|here_hold|here_fail|here_undecided)
    reproduced.(cells|yes|no|undecided|margin)
    memory.(runs|fresh|fresh_error|others|others_most|explained|explained_error|supposed)
    protocol.(corrected|as-published).(new_but_frozen|trainable_but_dead|precision|saved_least|saved_most)
    protocol.(corrected|as-published).(beyond_lora_least|beyond_lora_most)
    claim....
    contradiction....
    reproduction....
    census....
    figure....
    *.close_count
    *.*.close_count
    *.*.*.close_count
"""


def _pattern(form: str) -> str:
    written = re.escape(form.strip()).replace(r"\(", "(?:").replace(r"\)", ")").replace(r"\|", "|").replace(r"\ ", " ")
    return written.replace(r"\.\.\.\.", r"\..+").replace(r"\*", "([^.]+)").replace(r"\#", r"\d+")


# a form that begins with a word comes before one that begins with any name
PATTERN = re.compile("|".join(map(_pattern, sorted(FORMS.split("\n")[1:-1], key=lambda form: form.strip()[0] == "*"))))


def may_be(key: str, names: Collection[str]) -> bool:
    """Whether some grid has a number of this key.

    Args:
        names: of architectures and configurations, those that the grid lacks too.
    """
    match = PATTERN.fullmatch(key)
    return match is not None and all(name in names for name in match.groups() if name is not None)
