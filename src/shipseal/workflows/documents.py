"""What a check of workflows says, as the object of ``workflow-check.schema.json``."""

from collections.abc import Mapping
from typing import Any

from shipseal.workflows.check import CheckedJob, WorkflowReport


def check_document(report: WorkflowReport) -> Mapping[str, Any]:
    """Return all jobs with their permissions, findings and notes."""
    return {"jobs": [_job(job) for job in report.jobs]}


def _job(job: CheckedJob) -> Mapping[str, Any]:
    return {
        "file": job.file,
        "job": job.job,
        "permissions": dict(job.permissions),
        "findings": [
            {"code": str(item.code), "line": item.line, "message": item.message, "fix": item.fix}
            for item in job.findings
        ],
        "notes": [{"line": item.line, "message": item.message} for item in job.notes],
    }
