"""One AWS endpoint: our own services in front, moto behind.

Faithful, and as strict as AWS or stricter:
- every request is signed (Signature Version 4, the clock within five minutes) but AssumeRoleWithWebIdentity;
- every operation needs its permission in the caller's identity-based policies (users, their groups, roles;
  inline, customer-managed and AWS-managed), also those that moto plays; what a policy says that is not
  understood never allows;
- STS, the exchange at Identity Center, its applications, grants, scopes, methods, assignments and issuers,
  the connection to Redshift, namespace and workgroup, cluster and parameter group, tags, the Data API;
- errors have AWS's names, in each protocol's shape;
- CloudTrail's event history has each call, and LookupEvents reads it; docs/stand-in.md says what differs;
- identity-enhanced sessions are kept to AWS's allow list, and their groups are read at each request.

The Data API, as its service model and its guide say: states and WaitTimeSeconds; sessions, one statement at
a time; client tokens for eight hours, in which waiting is no part of a request; a day for a statement to run
and for its result to be kept; 500 active statements and 500 sessions; quotas a second, if DATA_API_QUOTAS is
on; cancelling wherever a statement is; metadata calls that read the system views as the caller. Statements,
results and sessions are one person's in one role, and nobody's statements keep another's from running: at
most eight of one person's run at once, and what takes longer than a second makes way for the others.

Stricter than AWS:
- with SessionId no workgroup, cluster, secret or user may be named, and Database must be the session's;
- all results together hold DATA_API_RESULTS_MB in memory at most, and 10,000 statements are kept, or
  32 million characters of them: the oldest answer early as expired ones do;
- AssumeRole needs the caller's own policy besides the trust policy, in the same account too;
- the exchange needs the caller's own policy besides the application's actor policy;
- a session with an identity context ends with the context, where AWS lets it last as long as was asked
  for, so that IDC_TOKEN_SECONDS makes the whole chain as short as a test wants it;
- DynamoDB has tables on demand without indexes, and conditions in expressions alone;
- one region, one warehouse of a workgroup or of a cluster, names of applications are unique, form uploads and
  virtual-hosted addressing of S3 are refused, and so is every parameter that would be kept without effect.

Not faithful:
- WithEvent is refused; a session acts as whoever connected, with the groups of that moment, as in Redshift,
  but closes only when a call comes after its time;
- in a failed transaction the other statements are ABORTED, which AWS does not tell; what is too large for a
  result fails its statement after the changes of the same batch are committed;
- there is one database, which is all that ListDatabases names;
- changes are in force at once, where AWS takes seconds; a warehouse is there at once, unless conditions
  say otherwise, and its endpoint's address is only shown;
- an IAM identity provider keeps no scheme: its issuer is reached over https, or over http on this machine;
- iam:PassRole is not asked for; permission boundaries, session policies, session tags, bucket policies and
  resource policies are refused as not implemented rather than ignored;
- whether somebody is assigned to Redshift's own application is kept, not enforced;
- moto's identity store takes the same address or membership twice, and has no updates; its Secrets Manager
  and S3 differ from AWS in details.

What is not played answers NotImplemented. State is in memory, and moto's is the process's: one endpoint a
process.
"""
