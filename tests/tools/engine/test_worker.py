from tools.engine import worker
from tools.engine.messages import Failure, Job


def test_a_worker_outside_a_study_says_so_and_writes_nothing(tmp_path):
    failure = Failure.model_validate_json(worker.run(Job(stage="a", workspace=str(tmp_path)).model_dump_json()))
    assert failure.cause.endswith(f":{tmp_path}: no dvc.yaml: start it in the study's folder or in a clone")
    assert not list(tmp_path.iterdir())
