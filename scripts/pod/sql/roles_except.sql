-- Included where roles are listed: what their names are not to be LIKE, out of the patterns in `roles_except`, where * stands for anything.
SELECT replace(replace(replace(pattern, '%', '\%'), '_', '\_'), '*', '%') FROM regexp_split_to_table(:'roles_except', '\s+') pattern WHERE pattern <> ''
