//! Which people a list shows, page by page. Only the conditions that are asked for are in the
//! statement, so that each gets a plan of its own.

use super::{
    read::{Row, select},
    record::StaffRecord,
};
use crate::{StorageError, Tx};
use nearhand_domain::{
    DepartmentId, GroupId, QueueId, RegionId, RoleId, ServiceId, StaffId, TagId,
    access::{AccessLevel, AdminRole, PeopleScope},
};
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// Whether deleted people are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deleted {
    /// Only people who are not.
    #[default]
    Without,
    /// Everybody.
    With,
    /// Only those who can still be restored.
    Only,
}

/// The order of a list of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffOrder {
    /// The eldest first.
    #[default]
    Created,
    /// The newest first.
    Newest,
    /// By display name, without regard to case and accents.
    Name,
}

impl StaffOrder {
    /// What the order is by, of a person as `staff AS s`. A name is followed by the identifier.
    const NAME: &str = "lower(s.display_name) COLLATE \"und-x-icu\", s.id";

    /// The word in a query.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "created" => Some(Self::Created),
            "-created" => Some(Self::Newest),
            "name" => Some(Self::Name),
            _ => None,
        }
    }

    /// The condition that a person comes after another one.
    fn push_after(self, query: &mut QueryBuilder<Postgres>, after: StaffId) {
        match self {
            Self::Created => query.push(" AND s.id > ").push_bind(after.0),
            Self::Newest => query.push(" AND s.id < ").push_bind(after.0),
            Self::Name => query
                .push(format!(
                    " AND ({}) > (SELECT {} FROM staff AS s WHERE s.id = ",
                    Self::NAME,
                    Self::NAME
                ))
                .push_bind(after.0)
                .push(")"),
        };
    }

    fn clause(self) -> String {
        match self {
            Self::Created => " ORDER BY s.id LIMIT ".to_owned(),
            Self::Newest => " ORDER BY s.id DESC LIMIT ".to_owned(),
            Self::Name => format!(" ORDER BY {} LIMIT ", Self::NAME),
        }
    }
}

/// Which people a list shows. What is `None` or empty does not count.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StaffFilter {
    /// Deleted ones.
    pub deleted: Deleted,
    /// Only active or only inactive ones.
    pub active: Option<bool>,
    /// Only this role.
    pub admin_role: Option<AdminRole>,
    /// Only those with this role of the organisation's own.
    pub role: Option<RoleId>,
    /// Only this access level.
    pub access_level: Option<AccessLevel>,
    /// Only `employee` or `external`.
    pub kind: Option<String>,
    /// Only of this department.
    pub department: Option<DepartmentId>,
    /// Only of this group.
    pub group: Option<GroupId>,
    /// Only with this tag.
    pub tag: Option<TagId>,
    /// Only with this queue.
    pub queue: Option<QueueId>,
    /// Only those who work at this service: no preference but `never` counts.
    pub service: Option<ServiceId>,
    /// Only those who work in this region.
    pub region: Option<RegionId>,
    /// The state of the last invitation, or `none`.
    pub invitation: Option<String>,
    /// The state of its last mail.
    pub invitation_mail: Option<String>,
    /// Each begins a word of their names, logins or account code. Of `search_words`.
    pub words: Vec<String>,
    /// Whether words of e-mail addresses count.
    pub by_email: bool,
    /// Only those who may be tracked, or may not.
    pub tracked: Option<bool>,
    /// Only those with this skill, at any level, without regard to case.
    pub skill: Option<String>,
    /// In which order.
    #[serde(default)]
    pub order: StaffOrder,
    /// Only these people.
    pub ids: Option<Vec<StaffId>>,
}

/// A page of people in the filter's order, of those in `scope`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    filter: &StaffFilter,
    scope: PeopleScope<'_>,
    after: Option<StaffId>,
    limit: i64,
) -> Result<Vec<StaffRecord>, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new(select!("WHERE true"));
    if let Some(after) = after {
        filter.order.push_after(&mut query, after);
    }
    narrow(&mut query, filter, scope);
    query.push(filter.order.clause()).push_bind(limit);
    let rows = query.build_query_as::<Row>().fetch_all(&mut **tx).await?;
    rows.into_iter().map(Row::into_record).collect()
}

/// The identifiers of all people a list would show, at most so many.
///
/// # Errors
/// When the database fails.
pub async fn ids(
    tx: &mut Tx,
    filter: &StaffFilter,
    scope: PeopleScope<'_>,
    most: i64,
) -> Result<Vec<StaffId>, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT s.id FROM staff AS s WHERE true");
    narrow(&mut query, filter, scope);
    query.push(" ORDER BY s.id LIMIT ").push_bind(most);
    let ids: Vec<Uuid> = query.build_query_scalar().fetch_all(&mut **tx).await?;
    Ok(ids.into_iter().map(StaffId).collect())
}

/// How many people there are for whom each condition holds at once; for a scope.
///
/// # Errors
/// When the database fails.
pub async fn count(
    tx: &mut Tx,
    filter: &StaffFilter,
    scope: PeopleScope<'_>,
) -> Result<i64, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT count(*) FROM staff AS s WHERE true");
    narrow(&mut query, filter, scope);
    Ok(query.build_query_scalar().fetch_one(&mut **tx).await?)
}

/// The condition that a person, as `staff AS s`, is among these.
pub(crate) fn push_scope(query: &mut QueryBuilder<Postgres>, scope: PeopleScope<'_>) {
    if let PeopleScope::Departments { of, or } = scope {
        let of: Vec<Uuid> = of.iter().map(|id| id.0).collect();
        query.push(" AND (s.id = ").push_bind(or.0);
        query.push(" OR EXISTS (SELECT FROM staff_departments AS d WHERE d.staff_id = s.id");
        query.push(" AND d.department_id = ANY(").push_bind(of).push(")))");
    }
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &StaffFilter, scope: PeopleScope<'_>) {
    match filter.deleted {
        Deleted::Without => query.push(" AND s.deleted_at IS NULL"),
        Deleted::With => query,
        Deleted::Only => query.push(" AND s.deleted_at IS NOT NULL"),
    };
    push_scope(query, scope);
    if let Some(active) = filter.active {
        query.push(" AND s.active = ").push_bind(active);
    }
    let texts = [
        (" AND s.admin_role = ", filter.admin_role.map(AdminRole::as_str)),
        (" AND s.access_level = ", filter.access_level.map(AccessLevel::as_str)),
        (" AND s.kind = ", filter.kind.as_deref()),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            query.push(condition).push_bind(text.to_owned());
        }
    }
    let members = [
        ("staff_roles WHERE role_id = ", filter.role.map(|id| id.0)),
        ("staff_departments WHERE department_id = ", filter.department.map(|id| id.0)),
        ("staff_groups WHERE group_id = ", filter.group.map(|id| id.0)),
        ("staff_tags WHERE tag_id = ", filter.tag.map(|id| id.0)),
        ("staff_queues WHERE queue_id = ", filter.queue.map(|id| id.0)),
        (
            "staff_services WHERE preference <> 'never' AND service_id = ",
            filter.service.map(|id| id.0),
        ),
        (
            "staff_regions WHERE preference <> 'never' AND region_id = ",
            filter.region.map(|id| id.0),
        ),
    ];
    for (table, id) in members {
        if let Some(id) = id {
            query.push(" AND s.id IN (SELECT staff_id FROM ").push(table).push_bind(id).push(")");
        }
    }
    if let Some(tracked) = filter.tracked {
        let word = if tracked { " AND EXISTS" } else { " AND NOT EXISTS" };
        query.push(word).push(
            " (SELECT FROM tracking_permissions AS t WHERE t.staff_id = s.id \
             AND t.withdrawn_at IS NULL)",
        );
    }
    if let Some(skill) = &filter.skill {
        query.push(" AND s.id IN (SELECT staff_id FROM staff_skills WHERE lower(code) = lower(");
        query.push_bind(skill.clone()).push("))");
    }
    if let Some(state) = &filter.invitation {
        query.push(
            " AND COALESCE((SELECT CASE WHEN accepted_at IS NOT NULL THEN 'accepted' \
             WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' \
             ELSE 'pending' END FROM invitations AS i WHERE i.staff_id = s.id \
             ORDER BY i.id DESC LIMIT 1), 'none') = ",
        );
        query.push_bind(state.clone());
    }
    if let Some(state) = &filter.invitation_mail {
        query.push(
            " AND (SELECT (SELECT m.state FROM mails AS m WHERE m.subject_id = i.id \
             ORDER BY m.id DESC LIMIT 1) FROM invitations AS i WHERE i.staff_id = s.id \
             ORDER BY i.id DESC LIMIT 1) = ",
        );
        query.push_bind(state.clone());
    }
    if let Some(ids) = &filter.ids {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        query.push(" AND s.id = ANY(").push_bind(ids).push(")");
    }
    push_words(query, filter);
}

/// The longest word leads to few people; each of them is held against the others.
fn push_words(query: &mut QueryBuilder<Postgres>, filter: &StaffFilter) {
    let Some(longest) = filter.words.iter().max_by_key(|word| word.len()) else { return };
    query.push(" AND s.id IN (SELECT w.staff_id FROM staff_words AS w WHERE w.word >= ");
    query.push_bind(longest.clone()).push(" AND w.word <= ").push_bind(longest.clone());
    query.push(" || chr(1114111) AND (NOT w.personal OR ").push_bind(filter.by_email).push("))");
    query.push(" AND NOT EXISTS (SELECT FROM unnest(").push_bind(filter.words.clone());
    query.push(
        "::text[]) AS asked(word) WHERE NOT EXISTS (SELECT FROM staff_words AS w \
         WHERE w.staff_id = s.id AND w.word >= asked.word \
         AND w.word <= asked.word || chr(1114111) AND (NOT w.personal OR ",
    );
    query.push_bind(filter.by_email).push(")))");
}
