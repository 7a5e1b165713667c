# Reference values for tests/survival.rs: R survival and cmprsk. Run: Rscript generate_survival.R (writes competing.csv, survival.json).
suppressMessages({library(cmprsk); library(survival)})
set.seed(7)
n <- 400
g <- sample(c("a", "b", "c"), n, TRUE)
t1 <- rexp(n, ifelse(g == "a", .05, ifelse(g == "b", .06, .09)))
t2 <- rexp(n, .05)
cens <- runif(n, 2, 40)
t <- ceiling(pmin(t1, t2, cens) * 2) / 2
s <- ifelse(t1 <= pmin(t2, cens), 1, ifelse(t2 <= cens, 2, 0))
write.csv(data.frame(time = t, end = s, group = g), "competing.csv", row.names = FALSE, quote = FALSE)
ages <- c(5, 10, 20)
aj <- timepoints(cuminc(t, s), ages)
km <- summary(survfit(Surv(t, s == 1) ~ 1, conf.type = "log-log"), times = ages)
gray3 <- cuminc(t, s, g)$Tests[1, ]
two <- g != "c"
gray2 <- cuminc(t[two], s[two], g[two])$Tests[1, ]
lr <- survdiff(Surv(t, s == 1) ~ g)
rm <- summary(survfit(Surv(t, s == 1) ~ 1), rmean = 20)$table
num <- function(x) paste0("[", paste(format(x, digits = 17), collapse = ", "), "]")
json <- paste0('{\n "versions": "R ', getRversion(), ', survival ', packageVersion("survival"), ', cmprsk ', packageVersion("cmprsk"), '",\n',
  ' "ages": ', num(ages), ',\n "incidence": ', num(aj$est[1, ]), ',\n "variance": ', num(aj$var[1, ]),
  ',\n "competing_incidence": ', num(aj$est[2, ]),
  ',\n "kaplan_meier": ', num(km$surv), ',\n "km_low": ', num(km$lower), ',\n "km_high": ', num(km$upper),
  ',\n "gray_three": ', num(gray3[1:2]), ',\n "gray_two": ', num(gray2[1:2]),
  ',\n "log_rank": ', num(lr$chisq), ',\n "rmean": ', num(rm[["rmean"]]), ',\n "rmean_se": ', num(rm[["se(rmean)"]]), '\n}\n')
cat(json, file = "survival.json")
