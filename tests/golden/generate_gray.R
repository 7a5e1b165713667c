# Reference values of Gray's test for tests/gray.rs: R cmprsk. Run in this folder: Rscript generate_gray.R (writes gray.json).
suppressMessages(library(cmprsk))
set.seed(1988)
num <- function(x) paste0("[", paste(format(x, digits = 17, trim = TRUE), collapse = ", "), "]")
# Times to `causes` competing ends with hazards by group, seen for between `least` and `most`, on a grid of `step`.
draw <- function(sizes, hazards, least, most, step) {
  group <- rep(seq_along(sizes), sizes)
  times <- sapply(seq_len(ncol(hazards)), function(k) ifelse(hazards[group, k] > 0, rexp(length(group)) / hazards[group, k], Inf))
  seen <- runif(length(group), least, most)
  time <- pmin(apply(times, 1, min), seen)
  end <- ifelse(time == seen, 0, apply(times, 1, which.min))
  if (step > 0) time <- ceiling(time / step) * step
  data.frame(time, end, group)
}
same <- function(groups, ...) matrix(c(...), groups, length(c(...)), byrow = TRUE)
designs <- list(
  two_groups = draw(c(60, 45), rbind(c(.05, .04), c(.08, .04)), 5, 40, 0),
  ties_of_days = draw(c(50, 40, 30), rbind(c(.05, .04), c(.05, .05), c(.08, .03)), 2, 40, 5),
  everything_tied = draw(c(40, 30), same(2, .05, .05), 10, 40, 20),
  five_groups = draw(c(60, 30, 15, 8, 5), same(5, .04, .03), 2, 60, 1),
  three_causes = draw(c(50, 50, 50), rbind(c(.03, .02, .04), c(.06, .02, .02), c(.03, .05, .03)), 5, 50, 1),
  nothing_competes = draw(c(40, 50), rbind(c(.05), c(.08)), 5, 40, 1),
  all_end = draw(c(30, 40), rbind(c(.05, .05), c(.09, .03)), 1e4, 1e5, 2),
  a_group_ends_early = rbind(draw(c(50, 40), same(2, .05, .04), 5, 60, 1), data.frame(time = c(1, 2, 2, 3), end = c(1, 2, 0, 0), group = 3)),
  a_group_without_events = rbind(draw(c(50, 40), same(2, .05, .04), 5, 60, 1), data.frame(time = 1:12, end = 2, group = 3)),
  a_single_lead = rbind(draw(c(30, 30), same(2, .05, .04), 5, 60, 0), data.frame(time = 9, end = 1, group = 3)))
rows <- unlist(lapply(names(designs), function(name) {
  d <- designs[[name]]
  tests <- cuminc(d$time, d$end, d$group)$Tests
  causes <- sub("^ *", "", rownames(tests))
  found <- paste0('{"cause": ', causes, ', "statistic": ', format(tests[, "stat"], digits = 17, trim = TRUE),
    ', "p": ', format(tests[, "pv"], digits = 17, trim = TRUE), ', "degrees": ', tests[, "df"], '}', collapse = ", ")
  paste0(' "', name, '": {"time": ', num(d$time), ', "end": ', num(d$end), ', "group": ', num(d$group), ', "tests": [', found, ']}')
}))
versions <- paste0(' "versions": "R ', getRversion(), ', cmprsk ', packageVersion("cmprsk"), '"')
cat("{\n", paste(c(versions, rows), collapse = ",\n"), "\n}\n", sep = "", file = "gray.json")
