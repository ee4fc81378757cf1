/// xl.cfg (xl.cfg.5): text to settings ([ConfigParser]), settings to a domain ([ConfigReader]).
/// Every key that xl knows is a row of [ConfigKeys].
package org.xenolith.xl.config;
