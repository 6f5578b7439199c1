//! The tokens that were given out.

use super::users::Removed;
use super::{Store, StoreError, corrupt, from_millis, now, to_millis};
use crate::wire::TokenInfo;
use rusqlite::{Connection, OptionalExtension as _, Row};

fn read(row: &Row<'_>) -> rusqlite::Result<(TokenInfo, String)> {
    let role: String = row.get(2)?;
    let info = TokenInfo {
        id: row.get(0)?,
        subject: row.get(1)?,
        role: crate::wire::Role::Viewer,
        created_at: from_millis(row.get(3)?),
        expires_at: from_millis(row.get(4)?),
        revoked: row.get(5)?,
    };
    Ok((info, role))
}

fn with_role((info, role): (TokenInfo, String)) -> Result<TokenInfo, StoreError> {
    let role = role.parse().map_err(|_| corrupt("role", role))?;
    Ok(TokenInfo { role, ..info })
}

impl Store {
    /// Remembers a token that was made, by or for a person where one has to do with it; `false` when the person was
    /// removed meanwhile.
    pub(crate) async fn add_token(&self, token: TokenInfo, owner: Option<String>) -> Result<bool, StoreError> {
        self.run(move |db| insert(db, &token, owner.as_deref())).await
    }

    /// A token that was made here and was not revoked.
    pub(crate) async fn token(&self, id: String) -> Result<Option<HeldToken>, StoreError> {
        self.run(move |db| {
            let sql = "SELECT owner FROM tokens WHERE id = ?1 AND revoked = 0";
            Ok(db.query_row(sql, [&id], |row| Ok(HeldToken { owner: row.get(0)? })).optional()?)
        })
        .await
    }

    /// Every token that has not ended, newest first.
    pub(crate) async fn tokens(&self) -> Result<Vec<TokenInfo>, StoreError> {
        self.run(|db| {
            let mut query = db.prepare(
                "SELECT id, subject, role, created_at, expires_at, revoked FROM tokens WHERE expires_at >= ?1
                 ORDER BY created_at DESC, id",
            )?;
            let rows: Vec<_> = query.query_map([now()], read)?.collect::<Result<_, _>>()?;
            rows.into_iter().map(with_role).collect()
        })
        .await
    }

    /// Revokes a token, unless nobody could administer the daemon any more.
    pub(crate) async fn revoke_token(&self, id: String) -> Result<Removed, StoreError> {
        self.run(move |db| {
            let transaction = db.transaction()?;
            if transaction.execute("UPDATE tokens SET revoked = 1 WHERE id = ?1", [&id])? == 0 {
                return Ok(Removed::Unknown);
            }
            if !has_admin(&transaction)? {
                return Ok(Removed::LastAdmin);
            }
            transaction.commit()?;
            Ok(Removed::Yes)
        })
        .await
    }
}

/// How many tokens are kept that have ended, since a clock may be wrong for a while.
const KEPT_ENDED: u32 = 1000;

/// Remembers a token; `false` when its person is not known.
pub(super) fn insert(db: &Connection, token: &TokenInfo, owner: Option<&str>) -> Result<bool, StoreError> {
    let added = db.execute(
        "INSERT INTO tokens (id, subject, role, created_at, expires_at, owner) SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE ?6 IS NULL OR EXISTS (SELECT 1 FROM users WHERE name = ?6)",
        (
            &token.id,
            &token.subject,
            token.role.as_str(),
            to_millis(token.created_at),
            to_millis(token.expires_at),
            owner,
        ),
    )?;
    db.execute(
        "DELETE FROM tokens WHERE expires_at < ?1 AND id NOT IN
             (SELECT id FROM tokens WHERE expires_at < ?1 ORDER BY expires_at DESC LIMIT ?2)",
        (now(), KEPT_ENDED),
    )?;
    Ok(added > 0)
}

/// Whether someone can still administer the daemon.
pub(super) fn has_admin(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) > 0 FROM tokens WHERE role = 'admin' AND revoked = 0 AND expires_at >= ?1";
    Ok(db.query_row(sql, [now()], |row| row.get(0))?)
}

/// A token that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldToken {
    /// The person whose it is, or who made it.
    pub(crate) owner: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::with_shop;
    use super::*;
    use crate::wire::Role;
    use time::{Duration, OffsetDateTime};

    fn token(id: &str, lasts: Duration) -> TokenInfo {
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).expect("zero is a nanosecond");
        TokenInfo {
            id: id.to_owned(),
            subject: "ann".to_owned(),
            role: Role::Deployer,
            created_at: now,
            expires_at: now + lasts,
            revoked: false,
        }
    }

    #[tokio::test]
    async fn a_token_holds_until_it_is_revoked() {
        let (_temp, store) = with_shop().await;
        let one = token("1", Duration::DAY);
        let admin = TokenInfo {
            role: Role::Admin,
            ..token("0", Duration::DAY)
        };
        assert!(
            !store.add_token(one.clone(), Some("ann".to_owned())).await.expect("looked"),
            "nobody"
        );
        assert!(store.add_token(one.clone(), None).await.expect("added"));
        let held = store.token("1".to_owned()).await.expect("read");
        assert_eq!(held, Some(HeldToken { owner: None }));
        assert_eq!(store.token("2".to_owned()).await.expect("read"), None);
        assert_eq!(store.tokens().await.expect("listed"), std::slice::from_ref(&one));
        store.add_token(admin.clone(), None).await.expect("added");
        assert_eq!(store.revoke_token("1".to_owned()).await.expect("revoked"), Removed::Yes);
        assert_eq!(store.revoke_token("2".to_owned()).await.expect("looked"), Removed::Unknown);
        assert_eq!(store.revoke_token("0".to_owned()).await.expect("looked"), Removed::LastAdmin);
        assert_eq!(store.token("1".to_owned()).await.expect("read"), None);
        let listed = store.tokens().await.expect("listed");
        assert!(
            listed.contains(&admin) && listed.contains(&TokenInfo { revoked: true, ..one }),
            "{listed:?}"
        );
    }

    #[tokio::test]
    async fn tokens_that_ended_are_not_listed_and_few_of_them_stay() {
        let (_temp, store) = with_shop().await;
        for number in 0..i64::from(KEPT_ENDED) + 5 {
            let ended = token(&number.to_string(), Duration::seconds(number - 86_400));
            store.add_token(ended, None).await.expect("added");
        }
        assert_eq!(store.tokens().await.expect("listed"), []);
        let is_there = async |id: &str| store.token(id.to_owned()).await.expect("read").is_some();
        assert_eq!(
            (is_there("4").await, is_there("5").await),
            (false, true),
            "a clock that is put right gives them back"
        );
    }
}
