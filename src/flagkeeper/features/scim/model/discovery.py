"""What this server says of its own SCIM (RFC 7643, sections 5 to 7)."""

from typing import Any

from flagkeeper.features.scim.model.resource import GROUP, USER

_META = "urn:ietf:params:scim:schemas:core:2.0"
MOST_RESULTS = 500


def _attribute(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "multiValued": False,
        "description": more.pop("description", name),
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
        **({"caseExact": False, "uniqueness": "none"} if kind == "string" else {}),
        **more,
    }


_READ_ONLY = {"mutability": "readOnly"}
_SCHEMAS: tuple[tuple[str, str, list[dict[str, Any]]], ...] = (
    (
        USER,
        "User",
        [
            _attribute("userName", required=True, uniqueness="server", description="By which somebody logs in there."),
            _attribute(
                "name",
                "complex",
                description="The parts of a name.",
                subAttributes=[_attribute("formatted"), _attribute("familyName"), _attribute("givenName")],
            ),
            _attribute("displayName", description="What somebody is called."),
            _attribute("active", "boolean", description="Somebody who is not is no user here, and comes back as one."),
            _attribute(
                "emails",
                "complex",
                multiValued=True,
                description="The primary one is the address of the user.",
                subAttributes=[
                    _attribute("value", required=True),
                    _attribute("type"),
                    _attribute("primary", "boolean"),
                ],
            ),
            _attribute(
                "groups",
                "complex",
                multiValued=True,
                **_READ_ONLY,
                description="To which somebody belongs.",
                subAttributes=[
                    _attribute("value", **_READ_ONLY),
                    _attribute("$ref", "reference", **_READ_ONLY, referenceTypes=["Group"], caseExact=True),
                    _attribute("display", **_READ_ONLY),
                ],
            ),
        ],
    ),
    (
        GROUP,
        "Group",
        [
            _attribute("displayName", required=True, uniqueness="server", description="What the group is called."),
            _attribute(
                "members",
                "complex",
                multiValued=True,
                description="Ids of users.",
                subAttributes=[
                    _attribute("value", mutability="immutable", required=True),
                    _attribute("$ref", "reference", mutability="immutable", referenceTypes=["User"], caseExact=True),
                ],
            ),
        ],
    ),
)


def schemas(base_url: str) -> list[dict[str, Any]]:
    return [
        {
            "schemas": [f"{_META}:Schema"],
            "id": id_,
            "name": name,
            "description": name,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": f"{base_url}/scim/v2/Schemas/{id_}"},
        }
        for id_, name, attributes in _SCHEMAS
    ]


def resource_types(base_url: str) -> list[dict[str, Any]]:
    return [
        {
            "schemas": [f"{_META}:ResourceType"],
            "id": name,
            "name": name,
            "description": name,
            "endpoint": f"/{name}s",
            "schema": id_,
            "meta": {"resourceType": "ResourceType", "location": f"{base_url}/scim/v2/ResourceTypes/{name}"},
        }
        for id_, name, _ in _SCHEMAS
    ]


def provider_config(base_url: str) -> dict[str, Any]:
    return {
        "schemas": [f"{_META}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST_RESULTS},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token that an administrator made for SCIM.",
                "primary": True,
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base_url}/scim/v2/ServiceProviderConfig",
        },
    }
