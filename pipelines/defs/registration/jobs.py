"""The job that registers customers: started by a person, who turns `dry_run` off after a look at the plan."""

import dagster as dg

from pipelines.defs.registration.assets import application_cases, registration_plans, registrations

register_customers = dg.define_asset_job(
    "register_customers",
    selection=dg.AssetSelection.assets(application_cases, registration_plans, registrations),
    config=dg.RunConfig(ops={"crm__registration": {"config": {"dry_run": True}}}),
    description="Plans what to register in Tripletex; carries it out when `dry_run` is turned off.",
)
