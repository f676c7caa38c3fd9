//! The files of an archive that are one query each. The columns are named one by one, so that no
//! secret gets in by being added to a table.

/// One file of the archive.
#[derive(Debug)]
pub struct Section {
    /// Its name.
    pub file: &'static str,
    /// What it holds, for the person who reads it.
    pub about: &'static str,
    /// One JSON object a row; `$1` is the person.
    pub(super) sql: &'static str,
}

/// All of them, in the order of the archive.
pub const SECTIONS: &[Section] = &[
    Section {
        file: "profile.json",
        about: "Who you are: names, contact, address, home, language, hours, skills, where you belong.",
        sql: "SELECT to_jsonb(t) FROM (SELECT s.id, s.first_name, s.last_name, s.display_name, \
          s.username, s.email, s.kind, s.active, s.language, s.account_code, s.birth_date, \
          s.signature, s.address, s.geocode_status, s.geocode_precision, s.geocode_detail, \
          ST_Y(s.home) AS home_lat, ST_X(s.home) AS home_lng, s.home_source, s.time_zone, \
          s.has_working_hours, s.max_travel_km, s.tracking_hours_margin_min, s.off_duty_since, \
          s.created_at, s.deleted_at, s.photo IS NOT NULL AS has_photo, \
          ARRAY(SELECT jsonb_build_object('department', d.name, 'primary', m.is_primary) \
            FROM staff_departments AS m JOIN departments AS d ON d.id = m.department_id \
            WHERE m.staff_id = s.id ORDER BY d.name) AS departments, \
          ARRAY(SELECT g.name FROM staff_groups AS m JOIN groups AS g ON g.id = m.group_id \
            WHERE m.staff_id = s.id ORDER BY g.name) AS groups, \
          ARRAY(SELECT g.name FROM staff_tags AS m JOIN tags AS g ON g.id = m.tag_id \
            WHERE m.staff_id = s.id ORDER BY g.name) AS tags, \
          ARRAY(SELECT g.name FROM staff_queues AS m JOIN queues AS g ON g.id = m.queue_id \
            WHERE m.staff_id = s.id ORDER BY g.name) AS queues, \
          ARRAY(SELECT jsonb_build_object('code', k.code, 'level', k.level) \
            FROM staff_skills AS k WHERE k.staff_id = s.id ORDER BY k.code) AS skills, \
          ARRAY(SELECT jsonb_build_object('code', k.code, 'jurisdiction', k.jurisdiction, \
            'valid_from', k.valid_from, 'valid_to', k.valid_to) FROM staff_licences AS k \
            WHERE k.staff_id = s.id ORDER BY k.ordinal) AS licences, \
          ARRAY(SELECT jsonb_build_object('language', k.language, 'level', k.level) \
            FROM staff_languages AS k WHERE k.staff_id = s.id ORDER BY k.language) AS languages, \
          ARRAY(SELECT jsonb_build_object('weekday', k.weekday, 'start_min', k.start_min, \
            'end_min', k.end_min) FROM staff_working_hours AS k WHERE k.staff_id = s.id \
            ORDER BY k.weekday, k.start_min) AS working_hours, \
          ARRAY(SELECT jsonb_build_object('service', v.name, 'preference', k.preference) \
            FROM staff_services AS k JOIN services AS v ON v.id = k.service_id \
            WHERE k.staff_id = s.id ORDER BY v.name) AS services, \
          ARRAY(SELECT jsonb_build_object('region', v.name, 'preference', k.preference) \
            FROM staff_regions AS k JOIN regions AS v ON v.id = k.region_id \
            WHERE k.staff_id = s.id ORDER BY v.name) AS regions, \
          ARRAY(SELECT jsonb_build_object('client', v.name, 'standing', k.standing) \
            FROM client_staff AS k JOIN clients AS v ON v.id = k.client_id \
            WHERE k.staff_id = s.id ORDER BY v.name) AS clients, \
          ARRAY(SELECT w.word FROM staff_words AS w WHERE w.staff_id = s.id ORDER BY w.word) \
            AS search_words \
          FROM staff AS s WHERE s.id = $1) AS t",
    },
    Section {
        file: "access.json",
        about: "What you may do, and since when your password is as it is (never the password).",
        sql: "SELECT to_jsonb(t) FROM (SELECT s.access_level, s.admin_role, s.view_scope, \
          s.edit_scope, ARRAY(SELECT jsonb_build_object('role', r.name, 'permissions', \
            r.permissions) FROM staff_roles AS m JOIN roles AS r ON r.id = m.role_id \
            WHERE m.staff_id = s.id ORDER BY r.name) AS roles, \
          ARRAY(SELECT jsonb_build_object('module', m.module, 'level', m.level) \
            FROM staff_modules AS m WHERE m.staff_id = s.id ORDER BY m.module) AS modules, \
          ARRAY(SELECT n.key FROM login_names AS n WHERE n.staff_id = s.id ORDER BY n.key) \
            AS login_names, c.changed_at AS password_changed_at, \
          c.temporary AS password_is_temporary, c.expires_at AS password_expires_at \
          FROM staff AS s LEFT JOIN credentials AS c ON c.staff_id = s.id WHERE s.id = $1) AS t",
    },
    Section {
        file: "sessions.json",
        about: "Your logins.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, created_at, renewed_at, expires_at, idle_expires_at, \
          ended_at, restricted, remembered FROM sessions WHERE staff_id = $1 ORDER BY id) AS t",
    },
    Section {
        file: "login-addresses.json",
        about: "When you logged in from addresses of the network that are known; the addresses \
          themselves are not kept.",
        sql: "SELECT to_jsonb(t) FROM (SELECT seen_at FROM login_addresses WHERE staff_id = $1 \
          ORDER BY seen_at) AS t",
    },
    Section {
        file: "devices.json",
        about: "Your phones and trackers.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, name, created_at, last_seen_at, revoked_at, \
          clock_skew_s FROM devices WHERE staff_id = $1 ORDER BY id) AS t",
    },
    Section {
        file: "tracking-permissions.json",
        about: "When and on which legal basis your location could be taken.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, legal_basis, granted_at, granted_by, \
          withdrawn_at, withdrawn_by FROM tracking_permissions WHERE staff_id = $1 \
          ORDER BY granted_at) AS t",
    },
    Section {
        file: "tracking-pauses.json",
        about: "When you paused being tracked.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, starts_at, ends_at FROM tracking_pauses \
          WHERE staff_id = $1 ORDER BY starts_at) AS t",
    },
    Section {
        file: "position.json",
        about: "Your newest position.",
        sql: "SELECT to_jsonb(t) FROM (SELECT device_id, fix_at, received_at, \
          ST_Y(position) AS lat, ST_X(position) AS lng, accuracy_m, mock FROM positions \
          WHERE staff_id = $1) AS t",
    },
    Section {
        file: "time-off.json",
        about: "Your absences.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, starts_at, ends_at FROM staff_time_off \
          WHERE staff_id = $1 ORDER BY starts_at) AS t",
    },
    Section {
        file: "assignments.json",
        about: "Cases you were assigned to.",
        sql: "SELECT to_jsonb(t) FROM (SELECT a.id, a.case_id, c.number AS case_number, \
          c.title AS case_title, a.state, a.starts_at, a.ends_at, a.eta_min, a.assigned_at, \
          a.assigned_by, a.en_route_at, a.on_site_at, a.done_at, a.cancelled_at, \
          a.arrived_at, a.left_at, a.cancel_reason, a.override_reason FROM assignments AS a \
          JOIN cases AS c ON c.id = a.case_id WHERE a.staff_id = $1 ORDER BY a.id) AS t",
    },
    Section {
        file: "offers.json",
        about: "Cases you were offered, and what you answered.",
        sql: "SELECT to_jsonb(t) FROM (SELECT p.offer_id, o.case_id, c.number AS case_number, \
          c.title AS case_title, o.message, p.place, p.state, p.asked_at, p.respond_by, \
          p.answered_at, p.decline_reason, p.by_app, p.by_mail, p.assignment_id \
          FROM offer_people AS p JOIN offers AS o ON o.id = p.offer_id \
          JOIN cases AS c ON c.id = o.case_id WHERE p.staff_id = $1 ORDER BY p.offer_id) AS t",
    },
    Section {
        file: "declines.json",
        about: "Cases you declined.",
        sql: "SELECT to_jsonb(t) FROM (SELECT case_id, reason, declined_at FROM case_declines \
          WHERE staff_id = $1 ORDER BY declined_at) AS t",
    },
    Section {
        file: "notification-settings.json",
        about: "Which mails you want; empty if you never chose.",
        sql: "SELECT to_jsonb(t) FROM (SELECT mail, assigned, changed, withdrawn, offered \
          FROM notification_settings WHERE staff_id = $1) AS t",
    },
    Section {
        file: "mails.json",
        about: "Mails to you or about you.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, kind, subject_id, state, reason, attempts, \
          created_at, updated_at, sent_at FROM mails WHERE staff_id = $1 ORDER BY id) AS t",
    },
    Section {
        file: "invitations.json",
        about: "Your invitations.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, created_by, created_at, expires_at, accepted_at, \
          revoked_at FROM invitations WHERE staff_id = $1 ORDER BY id) AS t",
    },
    Section {
        file: "password-resets.json",
        about: "Links that were asked for to set your password anew.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, created_at, expires_at, used_at \
          FROM password_resets WHERE staff_id = $1 ORDER BY id) AS t",
    },
    Section {
        file: "email-changes.json",
        about: "Changes of your e-mail address.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, old_email, new_email, created_by, created_at, \
          expires_at, confirmed_at, cancelled_at FROM email_changes WHERE staff_id = $1 \
          ORDER BY id) AS t",
    },
    Section {
        file: "import-rows.json",
        about: "Rows of imported files that were about you.",
        sql: "SELECT to_jsonb(t) FROM (SELECT i.id AS import_id, i.file_name, i.created_at, \
          r.line, r.action, r.changed, r.errors, r.outcome, r.record FROM import_rows AS r \
          JOIN imports AS i ON i.id = r.import_id WHERE r.staff_id = $1 \
          ORDER BY i.id, r.line) AS t",
    },
    Section {
        file: "jobs.json",
        about: "Work in the background that you asked for.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, kind, state, done, total, requested_at, \
          finished_at FROM jobs WHERE requested_by = $1 ORDER BY id) AS t",
    },
    Section {
        file: "exports.json",
        about: "Files you asked for, and archives about you.",
        sql: "SELECT to_jsonb(t) FROM (SELECT id, kind, format, created_at, created_by, expires_at \
          FROM exports WHERE created_by = $1 OR about = $1 ORDER BY id) AS t",
    },
];
