"""Before a study goes on: is what lies here what was made? What is not is mended by its other copy, and said.

dvc.lock names the contents of all that a stage read and wrote. Its outputs lie in the workspace and, those in git too,
in DVC's cache: one copy that is not of that content is replaced by the other. Where neither is good the stage runs
again. dvc.lock has a second copy in the run cache, which is also asked for stages that are out of date.
"""

import shutil
from pathlib import Path

from dvc.output import Output
from dvc.stage import PipelineStage

from stages.core.contents import Contents, files
from stages.core.errors import InputError
from tools.copies.run_cache import RunCache
from tools.copies.store import Store, is_watched
from tools.engine.dag import Dag
from tools.engine.display import listed
from tools.engine.messages import LockEntry


def mend(dag: Dag) -> None:
    """Make both copies of every output whole, as far as one is, in the order in which stages follow from each other.

    Raises:
        InputError: a file that no stage makes has changed while its time and size are those of before.
    """
    mending = Mending(dag)
    with dag.repo.lock:
        mending.require_sources()
        for name, stage in dag.stages.items():
            mending.look_after(name, stage)
    mending.say()
    dag.write_lock()


class Mending:
    """One pass over the stages, and what it did to which outputs."""

    def __init__(self, dag: Dag) -> None:
        self.dag = dag
        self.contents = Contents()
        self.store = Store(dag.repo)
        self.run_cache = RunCache.of(dag.repo)
        self.taken: list[str] = []  # outputs out of the cache
        self.put: list[str] = []  # outputs into it
        self.lost: list[str] = []  # stages of which neither copy is good
        self.recalled: list[str] = []  # stages whose lock entries were not true

    def require_sources(self) -> None:
        """Check what comes with a commit: nobody edits a file so that its time, size and inode stay.

        Raises:
            InputError: names the first such file.
        """
        stages = self.dag.stages.values()
        made = {path_of(out) for stage in stages for out in stage.outs}
        above = {folder for out in made for folder in out.parents}
        for read in sorted({path_of(dependency) for stage in stages for dependency in stage.deps}):
            if read not in above and made.isdisjoint([read, *read.parents]):
                self._require_source(read)

    def look_after(self, name: str, stage: PipelineStage) -> None:
        """Mend a stage's outputs, if they are of what it would read now; else find such in the run cache."""
        stands = self._stands(stage)
        if stands and all(self._has_copy(out) for out in stage.outs):
            self._keep_all(stage)
            self.run_cache.remember(stage)
            return
        for entry in self.run_cache.recall(stage, self.contents):
            if self._has(entry):
                self.dag.adopt(name, entry)
                self.recalled.append(name)
                self._keep_all(stage)
                return
        if stands:
            self._give_up(name, stage)

    def say(self) -> None:
        """A line for each kind of mending that there was."""
        for names, what in (
            (self.put, "not in DVC's cache, or damaged there, and put into it: {}"),
            (self.taken, "not what was made, and taken from DVC's cache: {}"),
            (self.recalled, "made before, and taken from DVC's run cache: {}"),
            (self.lost, "damaged, and no good copy in DVC's cache: made again: {}"),
        ):
            if names:
                print(what.format(listed(names)))

    def _stands(self, stage: PipelineStage) -> bool:
        """Whether the stage's lock entry is of what it would run and read now."""
        if stage.changed_stage() or not all(out.hash_info for out in stage.outs):
            return False
        return not any(self._has_changed(dependency) for dependency in stage.deps)

    def _has_changed(self, dependency: Output) -> bool:
        if hasattr(dependency, "params"):
            return dependency.changed()
        return self._content(dependency) != dependency.hash_info.value

    def _content(self, entry: Output) -> str | None:
        """Of a source of the user's own, which is linked, as DVC remembers it: it may be large, and is not ours."""
        path = path_of(entry)
        if path.is_symlink():
            return entry.get_hash().value if entry.exists else None
        return self.contents.of(path)

    def _has_copy(self, out: Output) -> bool:
        """Whether one of both is what dvc.lock says."""
        name = out.hash_info.value
        return self._content(out) == name or (not is_watched(out) and self.store.has(name))

    def _keep_all(self, stage: PipelineStage) -> None:
        """Make the other copy of each output what the good one is.

        That git has an output and DVC's cache not yet, as after `dvc repro` or in a clone, is nothing to speak of.
        """
        for out in stage.outs:
            name, path = out.hash_info.value, path_of(out)
            if is_watched(out):
                continue
            if self.contents.of(path) != name:
                self.store.take(name, path, self.contents)
                self.taken.append(out.def_path)
            elif self.store.put(path, name, self.contents) and (out.use_cache or name in self.store.damaged):
                self.put.append(out.def_path)

    def _has(self, entry: LockEntry) -> bool:
        """Whether every output of a lock entry is here or in the cache."""
        outs = [(Path(out["path"]), out["md5"]) for out in entry["outs"]]
        return all(self.contents.of(path) == name or self.store.has(name) for path, name in outs)

    def _give_up(self, name: str, stage: PipelineStage) -> None:
        """Remove what is damaged of a stage's outputs, so that DVC, which may not see that it is, sees it missing."""
        for out in stage.outs:
            path = path_of(out)
            if not path.exists() or path.is_symlink() or self._content(out) == out.hash_info.value:
                continue
            if name not in self.lost:
                self.lost.append(name)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            self.contents.forget(path)

    def _require_source(self, dependency: Path) -> None:
        repo = self.dag.repo
        for file in files(dependency):
            _, remembered = repo.state.get(str(file.absolute()), repo.fs)
            if remembered is not None and remembered.value != self.contents.of(file):
                raise InputError(
                    f"{file}: damaged: it is not what it was, and its time and size are; `git checkout -- {file}` "
                    f"brings back the committed one, `touch {file}` takes it as it is"
                )


def path_of(entry: Output) -> Path:
    """From the study's folder, in which this runs."""
    return Path(entry.def_path)
