//! The tokens that were given out.

use super::{Store, StoreError, corrupt, from_millis, now, to_millis};
use crate::wire::TokenInfo;
use rusqlite::{OptionalExtension as _, Row};

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
    /// Remembers a token that was made.
    pub(crate) async fn add_token(&self, token: TokenInfo) -> Result<(), StoreError> {
        self.run(move |db| {
            db.execute(
                "INSERT INTO tokens (id, subject, role, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                (
                    &token.id,
                    &token.subject,
                    token.role.as_str(),
                    to_millis(token.created_at),
                    to_millis(token.expires_at),
                ),
            )?;
            Ok(())
        })
        .await
    }

    /// Whether a token was made here and was not revoked.
    pub(crate) async fn token_is_valid(&self, id: String) -> Result<bool, StoreError> {
        self.run(move |db| {
            let revoked: Option<bool> = db
                .query_row("SELECT revoked FROM tokens WHERE id = ?1", [&id], |row| row.get(0))
                .optional()?;
            Ok(revoked == Some(false))
        })
        .await
    }

    /// Every token that has not ended, newest first.
    pub(crate) async fn tokens(&self) -> Result<Vec<TokenInfo>, StoreError> {
        self.run(|db| {
            db.execute("DELETE FROM tokens WHERE expires_at < ?1", [now()])?;
            let mut query =
                db.prepare("SELECT id, subject, role, created_at, expires_at, revoked FROM tokens ORDER BY created_at DESC, id")?;
            let rows: Vec<_> = query.query_map((), read)?.collect::<Result<_, _>>()?;
            rows.into_iter().map(with_role).collect()
        })
        .await
    }

    /// Revokes a token; `false` when there is none of this id.
    pub(crate) async fn revoke_token(&self, id: String) -> Result<bool, StoreError> {
        self.run(move |db| Ok(db.execute("UPDATE tokens SET revoked = 1 WHERE id = ?1", [&id])? > 0))
            .await
    }
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
        store.add_token(one.clone()).await.expect("added");
        assert!(store.token_is_valid("1".to_owned()).await.expect("read"));
        assert!(!store.token_is_valid("2".to_owned()).await.expect("read"));
        assert_eq!(store.tokens().await.expect("listed"), std::slice::from_ref(&one));
        assert!(store.revoke_token("1".to_owned()).await.expect("revoked"));
        assert!(!store.revoke_token("2".to_owned()).await.expect("looked"));
        assert!(!store.token_is_valid("1".to_owned()).await.expect("read"));
        assert_eq!(store.tokens().await.expect("listed"), [TokenInfo { revoked: true, ..one }]);
    }

    #[tokio::test]
    async fn tokens_that_ended_are_forgotten() {
        let (_temp, store) = with_shop().await;
        store.add_token(token("old", -Duration::DAY)).await.expect("added");
        assert_eq!(store.tokens().await.expect("listed"), []);
    }
}
