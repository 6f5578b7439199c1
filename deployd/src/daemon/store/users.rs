//! The people who may use the daemon, and the one-time codes by which they come in.

use super::{Store, StoreError, corrupt, from_millis, now, to_millis, tokens, unsigned};
use crate::wire::{Role, TokenInfo, UserInfo};
use rusqlite::{Connection, OptionalExtension as _, Row};
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

/// How many codes one person may hold that were not used.
pub(crate) const MOST_CODES: u32 = 10;

/// How many codes of one person are kept, those among them that were used or have ended: a clock may be wrong for a while.
const KEPT_CODES: u32 = 50;

/// A person to let in.
pub(crate) struct Invitation {
    /// The person's name.
    pub(crate) name: String,
    /// What the person may do.
    pub(crate) role: Role,
    /// SHA-256 of the code.
    pub(crate) code: [u8; 32],
    /// When the code ends.
    pub(crate) expires_at: OffsetDateTime,
    /// The person who lets the other one in.
    pub(crate) by: Option<String>,
}

/// What came of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invited {
    /// The person may come.
    Yes,
    /// The person is known, and has another role.
    OtherRole(Role),
    /// The person holds more codes than anybody needs.
    TooMany,
}

/// What came of showing a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redeemed {
    /// It was good, once, and the token holds.
    Yes,
    /// It was used before.
    Used,
    /// It has ended.
    Expired,
    /// It is nobody's.
    Unknown,
}

/// What came of removing something that gives access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// It is gone.
    Yes,
    /// There is no such thing.
    Unknown,
    /// Nobody could administer the daemon any more.
    LastAdmin,
}

fn role_of(db: &Connection, name: &str) -> Result<Option<Role>, StoreError> {
    let role: Option<String> = db
        .query_row("SELECT role FROM users WHERE name = ?1", [name], |row| row.get(0))
        .optional()?;
    role.map(|text| text.parse().map_err(|_| corrupt("role", text))).transpose()
}

/// When a person's code ends, and when it was used.
fn find_code(db: &Connection, name: &str, code: &[u8; 32]) -> Result<Option<(i64, Option<i64>)>, StoreError> {
    let mut query = db.prepare("SELECT user, code, expires_at, used_at FROM join_codes")?;
    let mut rows = query.query(())?;
    let mut found = None;
    while let Some(row) = rows.next()? {
        let held: [u8; 32] = row.get(1)?;
        if bool::from(held.ct_eq(code)) && row.get::<_, String>(0)? == name {
            found = Some((row.get(2)?, row.get(3)?));
        }
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(UserInfo, String)> {
    let info = UserInfo {
        name: row.get(0)?,
        role: Role::Viewer,
        created_at: from_millis(row.get(2)?),
        tokens: unsigned(row.get(3)?),
        invited_until: row.get::<_, Option<i64>>(4)?.map(from_millis),
    };
    Ok((info, row.get(1)?))
}

impl Store {
    /// Lets a person in who shows the code in time; someone who is known gets another code.
    pub(crate) async fn invite(&self, new: Invitation) -> Result<Invited, StoreError> {
        self.run(move |db| {
            let transaction = db.transaction()?;
            transaction.execute(
                "DELETE FROM join_codes WHERE user = ?1 AND code NOT IN
                     (SELECT code FROM join_codes WHERE user = ?1 ORDER BY expires_at DESC LIMIT ?2)",
                (&new.name, KEPT_CODES),
            )?;
            if let Some(role) = role_of(&transaction, &new.name)?
                && role != new.role
            {
                return Ok(Invited::OtherRole(role));
            }
            let sql = "SELECT count(*) FROM join_codes WHERE user = ?1 AND used_at IS NULL AND expires_at >= ?2";
            let held: u32 = transaction.query_row(sql, (&new.name, now()), |row| row.get(0))?;
            if held >= MOST_CODES {
                return Ok(Invited::TooMany);
            }
            transaction.execute(
                "INSERT OR IGNORE INTO users (name, role, created_at) VALUES (?1, ?2, ?3)",
                (&new.name, new.role.as_str(), now()),
            )?;
            transaction.execute(
                "INSERT INTO join_codes (user, code, expires_at, invited_by) VALUES (?1, ?2, ?3, ?4)",
                (&new.name, &new.code, to_millis(new.expires_at), &new.by),
            )?;
            transaction.commit()?;
            Ok(Invited::Yes)
        })
        .await
    }

    /// The role of a person, who may be unknown.
    pub(crate) async fn role(&self, name: String) -> Result<Option<Role>, StoreError> {
        self.run(move |db| role_of(db, &name)).await
    }

    /// Uses a code up and remembers the token that is given for it, both or neither. Every code of everybody is compared, each
    /// in constant time: how long it takes says nothing about the person or the code.
    pub(crate) async fn redeem(&self, name: String, code: [u8; 32], token: TokenInfo) -> Result<Redeemed, StoreError> {
        self.run(move |db| {
            let transaction = db.transaction()?;
            let is_role = role_of(&transaction, &name)? == Some(token.role);
            match find_code(&transaction, &name, &code)?.filter(|_| is_role) {
                None => Ok(Redeemed::Unknown),
                Some((_, Some(_))) => Ok(Redeemed::Used),
                Some((expires_at, None)) if expires_at < now() => Ok(Redeemed::Expired),
                Some((_, None)) => {
                    let sql = "UPDATE join_codes SET used_at = ?3 WHERE user = ?1 AND code = ?2";
                    transaction.execute(sql, (&name, &code, now()))?;
                    if !tokens::insert(&transaction, &token, Some(&name))? {
                        return Ok(Redeemed::Unknown);
                    }
                    transaction.commit()?;
                    Ok(Redeemed::Yes)
                }
            }
        })
        .await
    }

    /// The people, by name.
    pub(crate) async fn users(&self) -> Result<Vec<UserInfo>, StoreError> {
        self.run(|db| {
            let mut query = db.prepare(
                "SELECT name, role, created_at,
                    (SELECT count(*) FROM tokens WHERE owner = name AND revoked = 0 AND expires_at >= ?1),
                    (SELECT max(expires_at) FROM join_codes WHERE user = name AND used_at IS NULL AND expires_at >= ?1)
                 FROM users ORDER BY name",
            )?;
            let rows: Vec<_> = query.query_map([now()], read)?.collect::<Result<_, _>>()?;
            let typed = rows.into_iter().map(|(info, role)| {
                let role = role.parse().map_err(|_| corrupt("role", role))?;
                Ok(UserInfo { role, ..info })
            });
            typed.collect()
        })
        .await
    }

    /// Forgets a person, with every code and every token that the person has or made for others. Whom the person let in, and
    /// who came, stays.
    pub(crate) async fn remove_user(&self, name: String) -> Result<Removed, StoreError> {
        self.run(move |db| {
            let transaction = db.transaction()?;
            transaction.execute("UPDATE tokens SET revoked = 1 WHERE owner = ?1", [&name])?;
            transaction.execute("DELETE FROM join_codes WHERE invited_by = ?1 AND used_at IS NULL", [&name])?;
            if transaction.execute("DELETE FROM users WHERE name = ?1", [&name])? == 0 {
                return Ok(Removed::Unknown);
            }
            if !tokens::has_admin(&transaction)? {
                return Ok(Removed::LastAdmin);
            }
            transaction.commit()?;
            Ok(Removed::Yes)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::with_shop;
    use super::*;
    use time::Duration;

    fn invitation(role: Role, code: u8, lasts: Duration) -> Invitation {
        Invitation {
            name: "ann".to_owned(),
            role,
            code: [code; 32],
            expires_at: OffsetDateTime::now_utc() + lasts,
            by: None,
        }
    }

    fn token(id: &str, role: Role) -> TokenInfo {
        TokenInfo {
            id: id.to_owned(),
            subject: "ann".to_owned(),
            role,
            created_at: OffsetDateTime::now_utc(),
            expires_at: OffsetDateTime::now_utc() + Duration::DAY,
            revoked: false,
        }
    }

    async fn redeem(store: &Store, code: u8) -> Redeemed {
        let token = token(&format!("of code {code}"), Role::Deployer);
        store.redeem("ann".to_owned(), [code; 32], token).await.expect("looked")
    }

    #[tokio::test]
    async fn a_code_is_good_once_and_in_time() {
        let (_temp, store) = with_shop().await;
        assert_eq!(redeem(&store, 1).await, Redeemed::Unknown);
        for new in [
            invitation(Role::Deployer, 1, Duration::DAY),
            invitation(Role::Deployer, 2, Duration::seconds(1)),
        ] {
            assert_eq!(store.invite(new).await.expect("invited"), Invited::Yes);
        }
        assert_eq!(redeem(&store, 3).await, Redeemed::Unknown);
        let other = store.redeem("ann".to_owned(), [1; 32], token("x", Role::Admin)).await;
        assert_eq!(other.expect("looked"), Redeemed::Unknown, "only for what the person may do");
        assert_eq!(redeem(&store, 1).await, Redeemed::Yes);
        let held = store.token("of code 1".to_owned()).await.expect("read").expect("holds");
        assert_eq!(held.owner.as_deref(), Some("ann"));
        assert_eq!(redeem(&store, 1).await, Redeemed::Used);
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        assert_eq!(redeem(&store, 2).await, Redeemed::Expired);
        let other = store.invite(invitation(Role::Admin, 4, Duration::DAY)).await.expect("looked");
        assert_eq!(other, Invited::OtherRole(Role::Deployer));
    }

    #[tokio::test]
    async fn nobody_collects_codes() {
        let (_temp, store) = with_shop().await;
        for code in 0..u8::try_from(MOST_CODES).expect("few") {
            let invited = store.invite(invitation(Role::Viewer, code, Duration::DAY)).await;
            assert_eq!(invited.expect("invited"), Invited::Yes);
        }
        let more = store.invite(invitation(Role::Viewer, 255, Duration::DAY)).await;
        assert_eq!(more.expect("looked"), Invited::TooMany);
    }

    #[tokio::test]
    async fn who_is_removed_loses_everything_and_the_last_admin_stays() {
        let (_temp, store) = with_shop().await;
        store.invite(invitation(Role::Admin, 1, Duration::DAY)).await.expect("invited");
        let token = |id: &str| token(id, Role::Admin);
        store.add_token(token("1"), Some("ann".to_owned())).await.expect("added");
        let users = store.users().await.expect("listed");
        assert_eq!((users.len(), users[0].tokens, users[0].role), (1, 1, Role::Admin));
        assert!(users[0].invited_until.is_some());
        let remove = async |name: &str| store.remove_user(name.to_owned()).await.expect("looked");
        assert_eq!(remove("ann").await, Removed::LastAdmin);
        assert!(store.token("1".to_owned()).await.expect("read").is_some(), "nothing has changed");
        store.add_token(token("2"), None).await.expect("added");
        assert_eq!(remove("bob").await, Removed::Unknown);
        assert_eq!(remove("ann").await, Removed::Yes);
        assert!(store.token("1".to_owned()).await.expect("read").is_none());
        assert_eq!(redeem(&store, 1).await, Redeemed::Unknown);
        assert_eq!(store.revoke_token("2".to_owned()).await.expect("looked"), Removed::LastAdmin);
    }
}
