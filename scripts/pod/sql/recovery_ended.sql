-- What a restore has set, and what is over with it.
ALTER SYSTEM RESET restore_command;
ALTER SYSTEM RESET archive_mode;
ALTER SYSTEM RESET recovery_target_time;
ALTER SYSTEM RESET recovery_target_action;
