import subprocess
import sys

import pytest

from stages.core.errors import InputError
from tools.engine.dag import Dag
from tools.engine.plan import push_inputs
from tools.engine.state import new_state


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("allowed", ["none is set up yet: dvc remote add", "near, store"])
def test_an_unknown_remote_is_named_with_those_there_are(allowed):
    for name in allowed.split(", ") if "," in allowed else []:
        subprocess.run([sys.executable, "-m", "dvc", "remote", "add", "--quiet", name, f"/tmp/{name}"], check=True)
    dag = Dag()
    with pytest.raises(InputError) as caught:
        push_inputs(dag, new_state([], dag.stages), "stor")
    assert str(caught.value) == f"REMOTE: 'stor': no such remote of DVC; allowed: {allowed}"
